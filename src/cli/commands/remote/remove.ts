import { removeRemote } from '../../../repo/remote-change.ts'
import { command } from '../../command.ts'
import { formatCount } from '../../text.ts'
import { floeCommand } from '../../undo.ts'
import { inWorkspace } from '../../workspace.ts'

export const remoteRemove = command({
  define: (command) =>
    command
      .argument('<name>', 'for example origin')
      .addHelpText('after', '\nThe repository itself stays as it is; nobody but this workspace forgets anything.'),
  run: (context, [name]) =>
    inWorkspace(context, async (workspace) => {
      const removed = await removeRemote(workspace, name!)
      const { address, followers, refs } = removed
      const undo =
        address === null
          ? []
          : [
              floeCommand('remote', 'add', name!, address),
              ...followers.map(({ branch, upstream }) => floeCommand('branch', branch, '-u', upstream)),
              ...(refs.length > 0 ? [floeCommand('fetch', name!)] : []),
            ]
      return {
        data: removed,
        lines: [
          `Forgot ${name}${address === null ? '' : `, which is ${address}`}, and ${formatCount(refs.length, 'branch', 'branches')} of it here`,
          ...followers.map(({ branch, upstream }) => `  ${branch} no longer follows ${upstream}`),
        ],
        undo,
      }
    }),
})
