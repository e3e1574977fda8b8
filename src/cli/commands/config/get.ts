import { FloeError } from '../../../base/errors.ts'
import { getConfig } from '../../../repo/config.ts'
import { getGlobalConfig } from '../../../repo/global-config.ts'
import { command } from '../../command.ts'
import { inWorkspace } from '../../workspace.ts'

export const configGet = command<{ global?: boolean }>({
  define: (command) =>
    command.argument('<key>', 'for example user.name').option('--global', 'of all workspaces, not of this one'),
  async run(context, [key], options) {
    const value = options.global
      ? getGlobalConfig(context.homeDir, key!)
      : await inWorkspace(context, (workspace) => getConfig(workspace, key!))
    if (value === undefined) throw new FloeError('other', 'CONFIG_UNSET', `${key} is not set`, { data: { key } })
    return { data: { key, value }, lines: [value] }
  },
})
