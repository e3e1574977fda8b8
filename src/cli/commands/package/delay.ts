import { raiseUpgradeDelay } from '../../../repo/package-upgrade.ts'
import { command } from '../../command.ts'
import { addPackageFlags, type PackageFlags, withPackage } from './options.ts'
import { packageLines } from './report.ts'

export const packageDelay = command<PackageFlags>({
  define: (command) =>
    addPackageFlags(command)
      .argument('<days>', 'time between the proposal of an upgrade and the upgrade')
      .option('-y, --yes', 'spend the SUI; needed outside the local network')
      .addHelpText('after', '\nIt cannot be made shorter again. A proposal that waits keeps its date.'),
  async run(context, [days], options) {
    const done = await withPackage(context, options, (given) =>
      raiseUpgradeDelay({ ...given, days: /^\d{1,5}$/.test(days!) ? Number(days) : Number.NaN }),
    )
    return { data: done, lines: packageLines(done), hints: ['nothing takes this back'] }
  },
})
