/** `floe demo`: the main job end to end, on generated data, on a local network of its own in a temporary folder.
 *
 *  Each step checks what it claims and stops the demo if the claim is false: it is a test that a person can watch. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FloeError } from '../../base/errors.ts'
import { parseBlobId } from '../../protocol/blob-id.ts'
import { shardOfPair } from '../../protocol/shards.ts'
import { localNetworkProfile } from '../../repo/local-profile.ts'
import type { RemoteOptions } from '../../repo/remote-options.ts'
import type { Result } from '../command.ts'
import type { Context } from '../context.ts'
import { withProgress } from '../progress.ts'
import { formatBytes, formatCount, formatTable, formatToken } from '../text.ts'
import { compareFolders } from './compare.ts'
import { type DatasetSize, FULL_SIZE, SMALL_SIZE, writeVersion } from './dataset.ts'

/** Nodes that the demo stops: as many as the protocol promises to survive, of the 13 there are. */
const STOPPED_NODES = [2, 5, 8, 11]
interface VersionFigures {
  version: number
  logicalBytes: number
  storedBytes: number
  packs: number
  walFrost: string
  seconds: number
}

export async function runDemo(context: Context, options: { keep: boolean; small: boolean }): Promise<Result> {
  const root = await mkdtemp(join(tmpdir(), 'floe-demo-'))
  const startedMs = Date.now()
  const { ensureLocalNetwork, stopLocalNetwork } = await import('../../localnet/daemon.ts')
  const dataDir = join(root, 'home')
  try {
    heading(context, 'A local network: 13 storage nodes, 208 shards, a ledger that runs Move')
    const lease = await ensureLocalNetwork({ dataDir, signal: context.signal })
    const remote: RemoteOptions = {
      homeDir: dataDir,
      // Every clone is to come from the nodes, not from what the one before has fetched.
      useCache: false,
      networks: [localNetworkProfile(lease.info)],
      signal: context.signal,
    }
    say(context, `ledger ${lease.info.rpcUrl}, contract ${lease.info.floePackageId.slice(0, 10)}…`)

    const workspace = join(root, 'dataset')
    const pushed = await pushVersions(context, workspace, remote, options.small ? SMALL_SIZE : FULL_SIZE)
    const repository = `local:${pushed.repository}`

    heading(context, `Stop ${STOPPED_NODES.length} of 13 nodes, and clone`)
    await control(
      context,
      dataDir,
      STOPPED_NODES.map((node) => ({ $kind: 'stop-node', node }) as const),
    )
    const first = await cloneAndCompare(context, repository, workspace, join(root, 'clone-1'), remote)
    await verifyFull(context, join(root, 'clone-1'), remote)
    await control(
      context,
      dataDir,
      STOPPED_NODES.map((node) => ({ $kind: 'start-node', node }) as const),
    )

    // The node that holds the first row of the largest pack: every clone asks it.
    const shard = shardOfPair(parseBlobId(pushed.largestBlob), 0, lease.info.shardCount)
    const liar = lease.info.nodes.find((node) => node.shards.includes(shard))!
    heading(context, `Flip bytes in every sliver that ${liar.name} stores, and clone again`)
    await control(context, dataDir, [{ $kind: 'corrupt-node', node: liar.index }])
    const second = await cloneAndCompare(context, repository, workspace, join(root, 'clone-2'), remote)
    const named = second.badNodes.map((bad) => bad.node)
    if (named.length !== 1 || named[0] !== liar.name)
      throw new FloeError(
        'integrity',
        'DEMO_LIAR',
        `expected ${liar.name} to be named, got ${named.join(', ') || 'none'}`,
      )
    say(context, `the bytes are right, and the liar is named: ${named[0]} (${second.badNodes[0]!.reason})`)
    await lease.release()

    const seconds = (Date.now() - startedMs) / 1000
    heading(context, `Done in ${seconds.toFixed(0)} s`)
    return {
      data: {
        repository,
        versions: pushed.figures,
        files: first.files,
        bytes: first.bytes,
        badNodes: named,
        seconds,
        folder: options.keep ? root : null,
      },
      lines: summary(pushed.figures),
      hints: options.keep
        ? [`everything is in ${root}`]
        : [
            'make your own: `floe init my-data && cd my-data`, then `floe add .`, `floe commit`, `floe push --create my-data`',
          ],
    }
  } finally {
    await stopLocalNetwork({ dataDir })
    if (!options.keep) await rm(root, { recursive: true, force: true })
  }
}

async function pushVersions(
  context: Context,
  workspace: string,
  remote: RemoteOptions,
  size: DatasetSize,
): Promise<{ repository: string; largestBlob: string; figures: VersionFigures[] }> {
  const { initWorkspace } = await import('../../repo/init.ts')
  const { openWorkspace } = await import('../../store/workspace.ts')
  const { add } = await import('../../repo/add.ts')
  const { commit } = await import('../../repo/commit.ts')
  const { push } = await import('../../repo/push.ts')
  await initWorkspace(workspace, {})
  const figures: VersionFigures[] = []
  let repository = ''
  let largest = { blobId: '', bytes: 0 }
  for (const version of [1, 2, 3] as const) {
    const written = await writeVersion(workspace, version, size)
    heading(context, `Version ${version}: ${written.message}`)
    const startedMs = Date.now()
    const added = await (async () => {
      await using opened = await openWorkspace(workspace)
      const staged = await add(opened, { all: true, signal: context.signal })
      await commit(opened, { message: written.message, author: { name: 'Demo', email: '' }, signal: context.signal })
      return staged
    })()
    const result = await withProgress(context, 'push', (onProgress) =>
      push(workspace, {
        ...remote,
        onProgress,
        create: version === 1 ? { name: 'demo', network: 'local' } : undefined,
        yes: true,
      }),
    )
    if (result.$kind !== 'pushed') throw new FloeError('internal', 'DEMO_PUSH', `expected a push, got ${result.$kind}`)
    repository = result.repository
    for (const pack of result.packs) if (pack.bytes > largest.bytes) largest = pack
    const logicalBytes = (await compareFolders(workspace, workspace)).bytes
    const seconds = (Date.now() - startedMs) / 1000
    figures.push({
      version,
      logicalBytes,
      storedBytes: result.cost.packBytes,
      packs: result.packs.length,
      walFrost: String(result.cost.walFrost),
      seconds,
    })
    say(
      context,
      `${formatCount(added.files, 'file')} staged; ${formatBytes(logicalBytes)} in all, ${formatBytes(result.cost.packBytes)} stored after dedup and compression; ` +
        `${formatCount(result.packs.length, 'pack')} certified, main → ${result.new.slice(0, 12)} (${seconds.toFixed(1)} s)`,
    )
  }
  return { repository, largestBlob: largest.blobId, figures }
}

async function cloneAndCompare(
  context: Context,
  repository: string,
  workspace: string,
  dir: string,
  remote: RemoteOptions,
) {
  const { clone } = await import('../../repo/clone.ts')
  const startedMs = Date.now()
  const result = await withProgress(context, 'clone', (onProgress) => clone(repository, dir, { ...remote, onProgress }))
  const compared = await compareFolders(workspace, dir)
  say(
    context,
    `cloned and compared byte by byte: ${formatCount(compared.files, 'file')}, ${formatBytes(compared.bytes)} equal (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`,
  )
  return { ...compared, badNodes: result.badNodes }
}

async function verifyFull(context: Context, dir: string, remote: RemoteOptions): Promise<void> {
  const { verifyRemote } = await import('../../repo/verify-remote.ts')
  const report = await withProgress(context, 'verify', (onProgress) =>
    verifyRemote(dir, { ...remote, full: true, onProgress }),
  )
  say(context, `verified against the chain: ${report.checks.map((check) => check.check).join(', ')}`)
}

type ControlCommand = Parameters<typeof import('../../localnet/daemon.ts').controlLocalNetwork>[1]

async function control(context: Context, dataDir: string, commands: readonly ControlCommand[]): Promise<void> {
  const { controlLocalNetwork } = await import('../../localnet/daemon.ts')
  for (const command of commands) await controlLocalNetwork({ dataDir, signal: context.signal }, command)
}

function heading(context: Context, text: string): void {
  context.output.status(`\n▸ ${text}`.replace('\n', ''))
}

function say(context: Context, text: string): void {
  context.output.status(`  ${text}`)
}

function summary(figures: readonly VersionFigures[]): string[] {
  const logical = figures.reduce((sum, figure) => sum + figure.logicalBytes, 0)
  const stored = figures.reduce((sum, figure) => sum + figure.storedBytes, 0)
  return [
    ...formatTable([
      ['version', 'size', 'stored', 'packs', 'WAL', 'time'],
      ...figures.map((figure) => [
        String(figure.version),
        formatBytes(figure.logicalBytes),
        `${formatBytes(figure.storedBytes)} (${((100 * figure.storedBytes) / figure.logicalBytes).toFixed(1)} %)`,
        String(figure.packs),
        formatToken(figure.walFrost, ''),
        `${figure.seconds.toFixed(1)} s`,
      ]),
    ]),
    `three versions of ${formatBytes(logical)} in all are stored in ${formatBytes(stored)}`,
  ]
}
