import { addRemote } from '../../../repo/remote.ts'
import { command } from '../../command.ts'
import { networkOfAddress } from '../../network.ts'
import { floeCommand } from '../../undo.ts'
import { inWorkspace } from '../../workspace.ts'

export const remoteAdd = command({
  define: (command) => command.argument('<name>', 'for example origin').argument('<repository>', 'NETWORK:OBJECT_ID'),
  run: (context, [name, address]) =>
    inWorkspace(context, async (workspace) => {
      networkOfAddress(address!)
      const result = await addRemote(workspace.root, name!, address!)
      return {
        data: { ...result },
        lines: [`${name}  ${address}`],
        hints: ['`floe fetch` learns what it has'],
        undo: [floeCommand('remote', 'remove', name!)],
      }
    }),
})
