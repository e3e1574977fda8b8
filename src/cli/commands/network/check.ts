import { checkNetwork } from '../../../repo/network-check.ts'
import { defaultNetwork } from '../../../repo/network-use.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../../network.ts'
import { formatTable } from '../../text.ts'

export const networkCheck = command<NetworkFlags>({
  define: (command) =>
    addNetworkFlags(command).argument(
      '[name]',
      'network, as `floe network list` prints it (default: where new repositories go)',
    ),
  async run(context, [given], options) {
    const name = given ?? defaultNetwork(context.homeDir)
    const report = await withNetwork(context, name, options, (remoteOptions) => checkNetwork(name, remoteOptions))
    return {
      data: report,
      lines: [
        `${report.network}  ${report.rpcUrl}`,
        ...formatTable(report.steps.map((step) => [step.ok ? 'ok' : 'failed', step.check, step.detail])),
      ],
      hints: report.steps.flatMap(({ hints }) => hints ?? []),
      exitCode: report.ok ? 0 : 14,
    }
  },
})
