import { proposeUpgrade } from '../../../repo/package-upgrade.ts'
import { command } from '../../command.ts'
import { formatToken } from '../../text.ts'
import { floeCommand } from '../../undo.ts'
import { addPackageFlags, type PackageFlags, withPackage } from './options.ts'
import { packageLines } from './report.ts'

export const packagePropose = command<PackageFlags>({
  define: (command) =>
    addPackageFlags(command)
      .option('-y, --yes', 'spend the SUI; needed outside the local network')
      .addHelpText(
        'after',
        `
Announces, by its digest and in public, that the contract of this Floe is to be the next version of the package. It can be
made when the delay of the package has passed, and only as announced. The chain checks that it is compatible when the
upgrade is made: try it on the local network first.`,
      ),
  async run(context, _args, options) {
    const done = await withPackage(context, options, proposeUpgrade)
    return {
      data: done,
      undo: [floeCommand('package', 'cancel', '--network', done.network, '--package', done.packageId)],
      lines: [...packageLines(done), `paid ${formatToken(done.gasMist, 'SUI')}`],
      hints: ['`floe package upgrade` makes it once it is ready'],
    }
  },
})
