import { getConfig, unsetConfig } from '../../../repo/config.ts'
import { getGlobalConfig, setGlobalConfig } from '../../../repo/global-config.ts'
import { command } from '../../command.ts'
import { floeCommand, pathWords } from '../../undo.ts'
import { inWorkspace } from '../../workspace.ts'

export const configUnset = command<{ global?: boolean }>({
  define: (command) =>
    command.argument('<key>', 'for example user.name').option('--global', 'for all workspaces, not in this one'),
  async run(context, [key], options) {
    const before = options.global
      ? getGlobalConfig(context.homeDir, key!)
      : await inWorkspace(context, (workspace) => getConfig(workspace, key!))
    if (options.global) await setGlobalConfig(context.homeDir, key!, undefined)
    else await inWorkspace(context, (workspace) => unsetConfig(workspace, key!))
    const scope = options.global ? ['--global'] : []
    return {
      data: { key },
      lines: [`${key} is no longer set`],
      undo: before === undefined ? [] : [floeCommand('config', 'set', ...scope, ...pathWords([key!, before]))],
    }
  },
})
