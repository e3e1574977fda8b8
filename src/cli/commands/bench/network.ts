import { FloeError, UsageError } from '../../../base/errors.ts'
import { benchNetwork } from '../../../repo/bench-network.ts'
import { defaultNetwork } from '../../../repo/network-use.ts'
import { parseRepositoryAddress, readRemote } from '../../../repo/remote.ts'
import { command } from '../../command.ts'
import type { Context } from '../../context.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../../network.ts'
import { formatBytes, formatCount, formatTable } from '../../text.ts'
import { inWorkspace } from '../../workspace.ts'

export const benchNetworkCommand = command<NetworkFlags & { requests?: string; rows?: string }>({
  define: (command) =>
    addNetworkFlags(command)
      .argument(
        '[network-or-repository]',
        'a network, or NETWORK:OBJECT_ID to fetch rows of its largest pack as well (default: the repository of this workspace, else where new ones go)',
      )
      .option('--requests <number>', 'small answers asked of each node', '10')
      .option('--rows <number>', 'rows fetched from each node at most', '4'),
  async run(context, [target], options) {
    const place = await placeOf(context, target)
    const [requests, rows] = [count('--requests', options.requests), count('--rows', options.rows)]
    const result = await withNetwork(context, place.network, options, (remoteOptions) =>
      benchNetwork({ ...remoteOptions, network: place.network, repository: place.repository, requests, rows }),
    )
    const ms = (value: number | null) => (value === null ? '-' : `${value.toFixed(1)} ms`)
    const rate = (value: number | null) => (value === null ? '-' : `${formatBytes(value)}/s`)
    const { silent, ledgerMs } = result
    return {
      data: result,
      lines: [
        `ledger  median ${ms(ledgerMs.median)}, 95 % within ${ms(ledgerMs.p95)}`,
        ...formatTable([
          ['node', 'shards', 'median', '95 %', 'rows', 'failures'],
          ...result.nodes.map((node) => [
            node.name,
            String(node.shards),
            ms(node.medianMs),
            ms(node.p95Ms),
            rate(node.bytesPerSecond),
            node.failures === 0 ? '0' : `${node.failures} (${node.reason})`,
          ]),
        ]),
        ...(result.bytesPerSecond === null ? [] : [`all nodes together  ${rate(result.bytesPerSecond)}`]),
        ...(silent.nodes === 0
          ? []
          : [`${formatCount(silent.nodes, 'node')} silent, with ${silent.shards} of ${silent.ofShards} shards`]),
      ],
      hints: result.blobId === null ? ['name a repository, NETWORK:OBJECT_ID, to see how fast rows come'] : [],
      exitCode: silent.nodes === result.nodes.length ? 14 : 0,
    }
  },
})

async function placeOf(
  context: Context,
  target: string | undefined,
): Promise<{ network: string; repository?: string | undefined }> {
  if (target !== undefined) return target.includes(':') ? parseRepositoryAddress(target) : { network: target }
  try {
    return await inWorkspace(context, async (workspace) => readRemote(workspace))
  } catch (error) {
    const isNone = error instanceof FloeError && ['NOT_A_WORKSPACE', 'REMOTE_MISSING'].includes(error.code)
    if (isNone) return { network: defaultNetwork(context.homeDir) }
    throw error
  }
}

function count(flag: string, text: string | undefined): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= 10_000) return value
  throw new UsageError('BENCH_COUNT_MALFORMED', `${flag} is a number from 1 to 10000, not "${text}"`)
}
