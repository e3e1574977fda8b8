import { listConfig } from '../../../repo/config.ts'
import { listGlobalConfig } from '../../../repo/global-config.ts'
import { command } from '../../command.ts'
import { inWorkspace } from '../../workspace.ts'

export const configList = command<{ global?: boolean }>({
  define: (command) => command.option('--global', 'those of all workspaces, not of this one'),
  async run(context, _args, options) {
    const settings = options.global ? listGlobalConfig(context.homeDir) : await inWorkspace(context, listConfig)
    return {
      data: { settings: Object.fromEntries(settings.map(({ key, value }) => [key, value])) },
      lines: settings.map(({ key, value }) => `${key} = ${value}`),
    }
  },
})
