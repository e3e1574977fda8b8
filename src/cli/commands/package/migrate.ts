import { migrateRepository } from '../../../repo/migrate.ts'
import { command } from '../../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../../network.ts'
import { networkOfPlace } from '../../place.ts'

export const packageMigrate = command<NetworkFlags & { yes?: boolean }>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[remote]', 'remote, or NETWORK:OBJECT_ID without a workspace')
      .option('-y, --yes', 'spend the SUI; needed outside the local network')
      .addHelpText(
        'after',
        `
Moves a repository to the latest version of its package that the network profile trusts. It cannot be taken back: the earlier
version then refuses the repository, so all who write to it need a profile that names the new one. Reading needs nothing.`,
      ),
  async run(context, [remote], options) {
    const done = await withNetwork(context, await networkOfPlace(context, remote), options, (remoteOptions) =>
      migrateRepository(context.cwd, { ...remoteOptions, remote, yes: options.yes }),
    )
    return {
      data: done,
      lines: [
        done.$kind === 'migrated'
          ? `${done.network}:${done.repository} is at contract version ${done.to} now, ${done.packageId}`
          : `${done.network}:${done.repository} is at contract version ${done.from}; no later one is trusted`,
      ],
    }
  },
})
