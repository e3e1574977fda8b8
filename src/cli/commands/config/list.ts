import { listGlobalConfig } from '../../../repo/global-config.ts'
import { command } from '../../command.ts'
import { effectiveSettings, type Setting } from '../../settings.ts'
import { formatTable } from '../../text.ts'

export const configList = command<{ global?: boolean; showOrigin?: boolean }>({
  define: (command) =>
    command
      .option('--global', 'only what is set for all workspaces')
      .option('--show-origin', 'say where each was set: workspace, global, or default'),
  async run(context, _args, options) {
    const settings: Setting[] = options.global
      ? listGlobalConfig(context.homeDir).map((setting) => ({ ...setting, origin: 'global' }))
      : await effectiveSettings(context)
    const lines = settings.map(({ key, value, origin }) => [
      ...(options.showOrigin ? [origin] : []),
      `${key} = ${value}`,
    ])
    return {
      data: {
        settings: Object.fromEntries(settings.map(({ key, value }) => [key, value])),
        origins: Object.fromEntries(settings.map(({ key, origin }) => [key, origin])),
      },
      lines: formatTable(lines),
    }
  },
})
