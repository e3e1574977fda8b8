import type { Command } from 'commander'
import { defaultNetwork } from '../../../repo/network-use.ts'
import type { PackageOptions } from '../../../repo/package-policy.ts'
import type { Context } from '../../context.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../../network.ts'

export interface PackageFlags extends NetworkFlags {
  network?: string
  package?: string
  yes?: boolean
}

export function addPackageFlags(command: Command): Command {
  return addNetworkFlags(command)
    .option('--network <name>', 'network it was published on (default: where new repositories go)')
    .option('--package <id>', 'id of its first version (default: the one that creates new repositories)')
}

export function withPackage<T>(
  context: Context,
  flags: PackageFlags,
  work: (options: PackageOptions) => Promise<T>,
): Promise<T> {
  const network = flags.network ?? defaultNetwork(context.homeDir)
  return withNetwork(context, network, flags, (options) =>
    work({ ...options, network, packageId: flags.package, yes: flags.yes }),
  )
}
