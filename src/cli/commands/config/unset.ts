import { unsetConfig } from '../../../repo/config.ts'
import { command } from '../../command.ts'
import { inWorkspace } from '../../workspace.ts'

export const configUnset = command({
  define: (command) => command.argument('<key>', 'for example user.name'),
  run: (context, [key]) =>
    inWorkspace(context, async (workspace) => {
      await unsetConfig(workspace, key!)
      return { data: { key }, lines: [`${key} is no longer set`] }
    }),
})
