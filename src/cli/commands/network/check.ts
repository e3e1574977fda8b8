import { checkNetwork } from '../../../repo/network-check.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../../network.ts'
import { formatTable } from '../../text.ts'

export const networkCheck = command<NetworkFlags>({
  define: (command) => addNetworkFlags(command).argument('<name>', 'network, as `floe network list` prints it'),
  async run(context, [name], options) {
    const report = await withNetwork(context, name, options, (remoteOptions) => checkNetwork(name!, remoteOptions))
    return {
      data: report,
      lines: [
        `${report.network}  ${report.rpcUrl}`,
        ...formatTable(report.steps.map((step) => [step.ok ? 'ok' : 'failed', step.check, step.detail])),
      ],
      exitCode: report.ok ? 0 : 14,
    }
  },
})
