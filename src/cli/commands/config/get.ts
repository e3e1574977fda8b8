import { FloeError } from '../../../base/errors.ts'
import { getConfig } from '../../../repo/config.ts'
import { command } from '../../command.ts'
import { inWorkspace } from '../../workspace.ts'

export const configGet = command({
  define: (command) => command.argument('<key>', 'for example user.name'),
  run: (context, [key]) =>
    inWorkspace(context, async (workspace) => {
      const value = await getConfig(workspace, key!)
      if (value === undefined) throw new FloeError('other', 'CONFIG_UNSET', `${key} is not set`, { data: { key } })
      return { data: { key, value }, lines: [value] }
    }),
})
