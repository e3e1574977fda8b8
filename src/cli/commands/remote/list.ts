import { listRemotes } from '../../../repo/remote.ts'
import { command } from '../../command.ts'
import { formatTable } from '../../text.ts'
import { inWorkspace } from '../../workspace.ts'

export const remoteList = command({
  define: (command) => command.option('-v, --verbose', 'with addresses, as always'),
  run: (context) =>
    inWorkspace(context, async (workspace) => {
      const remotes = await listRemotes(workspace.root)
      return {
        data: { remotes },
        lines: formatTable(remotes.map((remote) => [remote.name, `${remote.network}:${remote.repository}`])),
      }
    }),
})
