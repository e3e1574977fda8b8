import { chooseNetwork } from '../../../repo/network-use.ts'
import { command } from '../../command.ts'

export const networkUse = command({
  define: (command) =>
    command
      .argument('<name>', 'network, as `floe network list` prints it')
      .addHelpText(
        'after',
        '\nNew repositories go there unless --network names another. Existing ones stay where they are.',
      ),
  async run(context, [name]) {
    const { network, before } = await chooseNetwork(context.homeDir, name!)
    return {
      data: { network, before },
      undo: before === network ? [] : [`floe network use ${before}`],
      lines: [`New repositories go to ${network}`],
      hints: network === 'local' ? [] : [`\`floe network check ${network}\` says whether it works`],
    }
  },
})
