import { setRemoteAddress } from '../../../repo/remote-change.ts'
import { command } from '../../command.ts'
import { networkOfAddress } from '../../network.ts'
import { floeCommand } from '../../undo.ts'
import { inWorkspace } from '../../workspace.ts'

export const remoteSetUrl = command({
  define: (command) => command.argument('<name>', 'for example origin').argument('<repository>', 'NETWORK:OBJECT_ID'),
  run: (context, [name, address]) =>
    inWorkspace(context, async (workspace) => {
      networkOfAddress(address!)
      const changed = await setRemoteAddress(workspace, name!, address!)
      const { network, repository, before, refs } = changed
      const isSame = before === `${network}:${repository}`
      return {
        data: changed,
        lines: [`${name}  ${network}:${repository}`],
        hints: isSame ? [] : [`\`${floeCommand('fetch', name!)}\` learns what it has`],
        undo: isSame
          ? []
          : [
              floeCommand('remote', 'set-url', name!, before),
              ...(refs.length > 0 ? [floeCommand('fetch', name!)] : []),
            ],
      }
    }),
})
