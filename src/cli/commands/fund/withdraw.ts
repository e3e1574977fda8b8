import { withdrawFromFund } from '../../../repo/fund.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../../network.ts'
import { networkOfPlace } from '../../place.ts'
import { formatToken } from '../../text.ts'

export const fundWithdraw = command<NetworkFlags & { yes?: boolean }>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('<amount>', 'WAL, for example 2.5')
      .argument('[remote]', 'remote, or NETWORK:OBJECT_ID without a workspace')
      .option('-y, --yes', 'do not ask')
      .addHelpText('after', '\nNeeds the admin capability that creating the repository gave.'),
  async run(context, [amount, remote], options) {
    const done = await withNetwork(context, await networkOfPlace(context, remote), options, (remoteOptions) =>
      withdrawFromFund(context.cwd, { ...remoteOptions, remote, amount: amount!, yes: options.yes }),
    )
    return { data: done, lines: [`${amount} WAL taken; the fund holds ${formatToken(done.balanceFrost, 'WAL')}`] }
  },
})
