import { command } from '../../command.ts'
import { localnetLines } from '../../localnet-text.ts'

export const localnetUp = command<{ nodes?: string; shards?: string }>({
  define: (command) =>
    command
      .option('--nodes <count>', 'storage nodes of a new network (default 13)')
      .option('--shards <count>', 'shards of a new network (default 208; 1000 gives the blob ids of mainnet)'),
  async run(context, _args, options) {
    const { ensureLocalNetwork } = await import('../../../localnet/daemon.ts')
    const lease = await ensureLocalNetwork({
      dataDir: context.homeDir,
      nodes: options.nodes === undefined ? undefined : Number(options.nodes),
      shards: options.shards === undefined ? undefined : Number(options.shards),
      stay: true,
    })
    await lease.release()
    return {
      data: { running: true, ...lease.info },
      lines: localnetLines(lease.info),
      hints: ['`floe localnet down` stops it'],
    }
  },
})
