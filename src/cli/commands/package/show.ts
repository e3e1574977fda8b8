import { packageStatus } from '../../../repo/package-upgrade.ts'
import { command } from '../../command.ts'
import { addPackageFlags, type PackageFlags, withPackage } from './options.ts'
import { packageLines } from './report.ts'

export const packageShow = command<PackageFlags>({
  define: (command) => addPackageFlags(command),
  async run(context, _args, options) {
    const status = await withPackage(context, options, packageStatus)
    return {
      data: status,
      lines: packageLines(status),
      hints: status.proposal?.ready
        ? ['`floe package upgrade` makes the upgrade']
        : status.proposal || status.isThisCode
          ? []
          : ['`floe package propose` announces the code of this Floe as the next version'],
    }
  },
})
