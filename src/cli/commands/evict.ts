import { type EvictResult, evict as evictPacks } from '../../repo/evict.ts'
import { parseSize } from '../../repo/size.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { unreadHint } from '../removal-lines.ts'
import { formatBytes, formatCount } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

interface Options extends NetworkFlags {
  to?: string
  remote?: string
  dryRun?: boolean
}

export const evict = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .option('--to <size>', 'what may stay, such as 20GiB, or 0 (default: the setting store.limit)')
      .option('--remote <name>', 'remote that holds the contents')
      .option('-n, --dry-run', 'only say what would go')
      .addHelpText(
        'after',
        `
Takes contents out of the local packs that the remote holds under certificate, which is asked of the chain and of the packs'
indexes each time. Files on disk stay, and so do versions, names and sizes; contents of older versions come from the network
when a command needs them, or from the shared cache (floe cache pin keeps a version there). What no remote holds never goes, and
what another key has pushed is read back from the network before it does: that downloads as much as is freed.
With \`floe config set store.limit 20GiB\` every push ends with it.`,
      ),
  run: (context, _args, options) =>
    inWorkspace(context, async (workspace) => {
      const { remote, dryRun } = options
      const network = await networkOfRemote(workspace, remote)
      const result = await withNetwork(context, network, options, (remoteOptions) =>
        evictPacks(workspace.root, {
          ...remoteOptions,
          remote,
          dryRun,
          limitBytes: options.to === undefined ? undefined : parseSize(options.to),
        }),
      )
      return {
        data: result,
        lines: evictLines(result),
        hints: [
          ...(result.$kind === 'evicted' ? ['contents come back from the network when a command needs them'] : []),
          ...(result.unread > 0 ? [unreadHint(result.unread)] : []),
        ],
      }
    }),
})

export function evictLines(result: EvictResult): string[] {
  const { $kind, chunks, packs, bytes, limitBytes, uncertified, readBack, inPlace } = result
  const mayGo =
    inPlace > 0
      ? [`${formatCount(inPlace, 'chunk')} of files held in place are safe there: the files may be changed`]
      : []
  const stays =
    uncertified > 0 ? `; ${formatCount(uncertified, 'chunk')} are on no remote, or not for long, and stay` : ''
  if (packs === 0)
    return [
      bytes.before <= limitBytes
        ? `local packs have ${formatBytes(bytes.before)} of contents, within ${formatBytes(limitBytes)}`
        : `nothing can go of ${formatBytes(bytes.before)} of contents${stays}`,
      ...mayGo,
    ]
  const [would, read] = $kind === 'dry-run' ? ['would go', 'would first be read'] : ['went', 'were first read']
  return [
    `${formatCount(chunks, 'chunk')} of ${formatCount(packs, 'pack')} ${would}: ${formatBytes(bytes.before)} → ${formatBytes(bytes.after)}${stays}`,
    ...(readBack.chunks > 0
      ? [
          `${formatCount(readBack.chunks, 'chunk')} of ${formatBytes(readBack.bytes)} that other keys pushed ${read} back from the network`,
        ]
      : []),
    ...mayGo,
  ]
}
