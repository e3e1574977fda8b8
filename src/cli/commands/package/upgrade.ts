import { upgradePackage } from '../../../repo/package-upgrade.ts'
import { command } from '../../command.ts'
import { formatToken } from '../../text.ts'
import { addPackageFlags, type PackageFlags, withPackage } from './options.ts'
import { packageLines } from './report.ts'

export const packageUpgrade = command<PackageFlags>({
  define: (command) =>
    addPackageFlags(command)
      .option('-y, --yes', 'spend the SUI; needed outside the local network')
      .addHelpText(
        'after',
        `
Makes the upgrade that was proposed, once its delay has passed. It cannot be taken back. Repositories go on with the earlier
version until an administrator of each runs \`floe package migrate\`; others trust the new version when their profile names it.
An interrupted run is completed by the next one.`,
      ),
  async run(context, _args, options) {
    const done = await withPackage(context, options, upgradePackage)
    return {
      data: done,
      lines: [
        ...packageLines(done),
        done.$kind === 'upgraded'
          ? `paid ${formatToken(done.gasMist, 'SUI')}`
          : 'it was made already; now it is on record',
      ],
      hints: [
        'an administrator of each repository moves it on with `floe package migrate`',
        `others name it in their network profile, under floeUpgrades: ${JSON.stringify(done.upgrade)}`,
      ],
    }
  },
})
