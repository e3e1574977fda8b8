import { renameRemote } from '../../../repo/remote-change.ts'
import { command } from '../../command.ts'
import { floeCommand } from '../../undo.ts'
import { inWorkspace } from '../../workspace.ts'

export const remoteRename = command({
  define: (command) => command.argument('<old>', 'its name now').argument('<new>', 'its name from now on'),
  run: (context, [from, to]) =>
    inWorkspace(context, async (workspace) => {
      const renamed = await renameRemote(workspace, { from: from!, to: to! })
      return {
        data: renamed,
        lines: [`Renamed ${from} to ${to}`],
        undo: [floeCommand('remote', 'rename', to!, from!)],
      }
    }),
})
