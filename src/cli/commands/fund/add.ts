import { addToFund } from '../../../repo/fund.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../../network.ts'
import { networkOfPlace } from '../../place.ts'
import { formatToken } from '../../text.ts'

export const fundAdd = command<NetworkFlags & { yes?: boolean }>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('<amount>', 'WAL, for example 2.5')
      .argument('[remote]', 'remote, or NETWORK:OBJECT_ID without a workspace')
      .option('-y, --yes', 'do not ask')
      .addHelpText('after', '\nAnyone may give. Only an administrator of the repository can take it out again.'),
  async run(context, [amount, remote], options) {
    const done = await withNetwork(context, await networkOfPlace(context, remote), options, (remoteOptions) =>
      addToFund(context.cwd, { ...remoteOptions, remote, amount: amount!, yes: options.yes }),
    )
    return { data: done, lines: [`${amount} WAL given; the fund holds ${formatToken(done.balanceFrost, 'WAL')}`] }
  },
})
