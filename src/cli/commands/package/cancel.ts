import { cancelUpgrade } from '../../../repo/package-upgrade.ts'
import { command } from '../../command.ts'
import { addPackageFlags, type PackageFlags, withPackage } from './options.ts'
import { packageLines } from './report.ts'

export const packageCancel = command<PackageFlags>({
  define: (command) => addPackageFlags(command).option('-y, --yes', 'spend the SUI; needed outside the local network'),
  async run(context, _args, options) {
    const done = await withPackage(context, options, cancelUpgrade)
    return {
      data: done,
      lines: packageLines(done),
      hints: ['`floe package propose` proposes again; the delay then counts anew'],
    }
  },
})
