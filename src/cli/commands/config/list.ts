import { listConfig } from '../../../repo/config.ts'
import { command } from '../../command.ts'
import { inWorkspace } from '../../workspace.ts'

export const configList = command({
  define: () => {},
  run: (context) =>
    inWorkspace(context, async (workspace) => {
      const settings = await listConfig(workspace)
      return {
        data: { settings: Object.fromEntries(settings.map(({ key, value }) => [key, value])) },
        lines: settings.map(({ key, value }) => `${key} = ${value}`),
      }
    }),
})
