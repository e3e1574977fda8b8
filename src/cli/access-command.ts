/** `access grant` and `access revoke`: one command line, each the way back from the other. */

import { grantAccess, revokeAccess } from '../repo/access.ts'
import { type CommandSpec, command } from './command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from './network.ts'
import { floeCommand } from './undo.ts'
import { inWorkspace } from './workspace.ts'

const CHANGES = {
  grant: { change: grantAccess, done: 'is now', was: 'was already', back: 'revoke' },
  revoke: { change: revokeAccess, done: 'is no longer', was: 'was not', back: 'grant' },
} as const

export function accessCommand(kind: keyof typeof CHANGES): CommandSpec {
  const { change, done, was, back } = CHANGES[kind]
  return command<NetworkFlags & { role: string }>({
    define: (command) =>
      addNetworkFlags(command)
        .argument('<address>', 'Sui address')
        .option('--role <role>', 'writer, attester or revoker', 'writer'),
    run: (context, [address], options) =>
      inWorkspace(context, async (workspace) => {
        const network = await networkOfRemote(workspace)
        const result = await withNetwork(context, network, options, (remoteOptions) =>
          change(workspace.root, { ...remoteOptions, address: address!, role: options.role }),
        )
        return {
          data: { ...result },
          lines: [`${address} ${result.changed ? done : was} ${options.role}`],
          // The way back from what was so before would change it.
          ...(result.changed ? { undo: [floeCommand('access', back, address!, '--role', options.role)] } : {}),
        }
      }),
  })
}
