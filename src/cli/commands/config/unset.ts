import { unsetConfig } from '../../../repo/config.ts'
import { setGlobalConfig } from '../../../repo/global-config.ts'
import { command } from '../../command.ts'
import { inWorkspace } from '../../workspace.ts'

export const configUnset = command<{ global?: boolean }>({
  define: (command) =>
    command.argument('<key>', 'for example user.name').option('--global', 'for all workspaces, not in this one'),
  async run(context, [key], options) {
    if (options.global) await setGlobalConfig(context.homeDir, key!, undefined)
    else await inWorkspace(context, (workspace) => unsetConfig(workspace, key!))
    return { data: { key }, lines: [`${key} is no longer set`] }
  },
})
