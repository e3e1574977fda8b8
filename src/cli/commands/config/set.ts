import { setConfig } from '../../../repo/config.ts'
import { command } from '../../command.ts'
import { inWorkspace } from '../../workspace.ts'

export const configSet = command({
  define: (command) => command.argument('<key>', 'for example user.name').argument('<value>', 'its new value'),
  run: (context, [key, value]) =>
    inWorkspace(context, async (workspace) => {
      await setConfig(workspace, key!, value!)
      return { data: { key, value }, lines: [`${key} = ${value}`] }
    }),
})
