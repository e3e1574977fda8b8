import { listConfig } from '../../../repo/config.ts'
import { command } from '../../command.ts'
import { inWorkspace } from '../../workspace.ts'

export const configList = command({
  define: () => {},
  run: (context) =>
    inWorkspace(context, async (workspace) => {
      const settings = Object.fromEntries(Object.entries(await listConfig(workspace)))
      return { data: { settings }, lines: Object.entries(settings).map(([key, value]) => `${key} = ${value}`) }
    }),
})
