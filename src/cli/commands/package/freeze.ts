import { freezePackage } from '../../../repo/package-upgrade.ts'
import { command } from '../../command.ts'
import { formatToken } from '../../text.ts'
import { addPackageFlags, type PackageFlags, withPackage } from './options.ts'

export const packageFreeze = command<PackageFlags>({
  define: (command) =>
    addPackageFlags(command)
      .option('-y, --yes', 'do it; needed everywhere, since nothing takes it back')
      .addHelpText('after', '\nNo upgrade of the package ever again. Its repositories go on as they are.'),
  async run(context, _args, options) {
    const done = await withPackage(context, options, freezePackage)
    return {
      data: done,
      lines: [
        `package ${done.packageId} on ${done.network} stays at version ${done.version}, ${done.newestId}`,
        // What the policy took in storage comes back.
        ...(done.gasMist.startsWith('-') ? [] : [`paid ${formatToken(done.gasMist, 'SUI')}`]),
      ],
      hints: ['nothing takes this back'],
    }
  },
})
