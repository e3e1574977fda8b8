/** `takedown`: removes contents from the network in spite of what was promised, for a reason that stays on record.
 *
 *  The status record of the commit is the ground, which the contract demands; the packs that hold the contents are proposed
 *  for removal with it, and go after the grace period (`gc --remote`). Data packs only: that there was such a version, and
 *  which names and ids its files had, stays readable. What else is in these packs is lost to those who read it there, so
 *  that is looked at first. */

import { readFile } from 'node:fs/promises'
import { FloeError, UsageError } from '../base/errors.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { walkCommits } from '../history/commits.ts'
import { resolveRevision } from '../history/revision.ts'
import { fetchChainTimeMs } from '../ledger/chain-clock.ts'
import { fetchCommitStatuses } from '../ledger/repository-marks.ts'
import type { PackRecord, RefRecord } from '../ledger/repository-records.ts'
import { addStatus } from '../ledger/transactions/marks.ts'
import { addProposeTakedown, TAKEDOWNS_PER_TRANSACTION } from '../ledger/transactions/removal.ts'
import { parseCommit } from '../objects/commit.ts'
import { walkMapNodes } from '../objects/content-map.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { ReadObject } from '../objects/reader.ts'
import { type TreeEntry, walkTree, walkTreeNodes } from '../objects/tree.ts'
import { openWorkspace } from '../store/workspace.ts'
import { PathsUnknownError } from './errors.ts'
import { readAllPacks } from './expiry.ts'
import { type KeptPack, ownAddress, type RemovablePack, removable } from './gc-remote.ts'
import { ensureLocalFunds } from './local-funds.ts'
import { findHoldingPacks } from './pack-contents.ts'
import { inBatches } from './pack-extension.ts'
import { isSelected } from './paths.ts'
import { whereHere } from './purge-contents.ts'
import { isLost } from './push-locator.ts'
import { localRefName, readRemote } from './remote.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource } from './remote-source.ts'
import { revisionSource } from './versions.ts'

export interface TakedownOptions extends RemoteOptions {
  revision: string
  /** Files and folders of the version; `''` for all of it. */
  paths: readonly string[]
  /** For everyone to read. */
  reason: string
  /** Path of a file that shows why; its SHA-256 is recorded, the file stays here. */
  evidence?: string | undefined
  /** What becomes of the version (default `takedown`). */
  status?: 'takedown' | 'consent-withdrawn' | undefined
  /** Default: the one that the current branch follows, else `origin`, else the only one. */
  remote?: string | undefined
  /** Goes on although branches and tags lose other files with it. */
  despiteOthers?: boolean | undefined
  dryRun?: boolean | undefined
  perTransaction?: number | undefined
}

export interface Loss {
  ref: string
  files: number
  others: string[]
  otherCount: number
  /** Other files that only earlier versions have, as `PATH at COMMIT`; one content counts once. */
  older: { others: string[]; otherCount: number }
}

export interface TakedownResult {
  $kind: 'proposed' | 'nothing' | 'dry-run'
  network: string
  repository: string
  commit: string
  /** Files of the version that are taken down. */
  files: number
  /** Their packs, from when on they can be deleted. */
  packs: RemovablePack[]
  /** Packs that nobody can remove. */
  kept: KeptPack[]
  /** What refs lose: files with the contents in their newest versions, and others that merely share packs with them. */
  refs: Loss[]
  digests: string[]
}

/** Paths named for each ref, of its newest version and of earlier ones. */
const MAX_NAMED = 20

/** @throws {FloeError} TAKEDOWN_SHARED (exit 1), with nothing changed; ACCESS_ROLE_MISSING (exit 12)
 *  @throws {PathsUnknownError} PATH_UNKNOWN (exit 2) */
export async function takedown(dir: string, options: TakedownOptions): Promise<TakedownResult> {
  const { signal, paths, reason, status = 'takedown' } = options
  if (paths.length === 0)
    throw new UsageError('TAKEDOWN_PATHS', 'say which files are taken down', { hints: ['`.` is all of the version'] })
  await using workspace = await openWorkspace(dir)
  const place = readRemote(workspace, options.remote)
  const commit = await resolveRevision(await revisionSource(workspace), options.revision)
  await using source = await openRemoteSource(place.network, place.repository, options)
  const { context, reader, state } = source
  const remote = await source.objects(source.refs.map((ref) => source.recordOf(ref)))
  const read: ReadObject = async (kind, id, readOptions) =>
    (await workspace.store.has(kind, id))
      ? workspace.store.readLocal(kind, id, readOptions)
      : remote.read(kind, id, readOptions)

  const targets = new ObjectSet()
  let files = 0
  const { tree } = parseCommit(await read('commit', commit))
  for await (const entry of entriesAt(read, tree, paths, signal)) {
    files++
    for await (const id of chunksOf(read, entry)) targets.add('chunk', id)
  }
  if (files === 0) throw new PathsUnknownError(paths, `version ${options.revision}`)

  const { epoch } = await context.walrus()
  const packs = await readAllPacks(reader, state, options)
  const { holding, onlyThere } = await findHoldingPacks(source, remote, packs, targets, { epoch, signal })
  const chosen = packs.filter((pack) => holding.has(pack.number))
  const lost = await onlyThere(await ownAddress(context, true))
  const refs: Loss[] = []
  for (const ref of source.refs) {
    const loss = await lossOf(ref, read, targets, lost, signal)
    if (loss.files + loss.otherCount + loss.older.otherCount > 0) refs.push(loss)
  }
  const nowMs = await fetchChainTimeMs(context.ledger, options)
  const walrus = await context.walrus()
  const doomed = chosen.filter((pack) => !pack.permanent)
  const dueMs = (pack: PackRecord) =>
    pack.state === 'removal-proposed' ? Math.min(pack.removableMs, nowMs + state.graceMs) : nowMs + state.graceMs
  const result: TakedownResult = {
    $kind: 'dry-run',
    network: place.network,
    repository: place.repository,
    commit,
    files,
    packs: doomed.map((pack) => ({ ...removable(pack, dueMs(pack), null, walrus), takedown: { reason, commit } })),
    kept: chosen
      .filter((pack) => pack.permanent)
      .map(({ number, bytes }) => ({ number, bytes, reason: 'permanent' as const })),
    refs,
    digests: [],
  }
  const shared = refs.filter(({ otherCount, older }) => otherCount + older.otherCount > 0)
  if (options.dryRun) return result
  if (shared.length > 0 && !options.despiteOthers)
    throw new FloeError(
      'other',
      'TAKEDOWN_SHARED',
      `${shared.map(({ ref }) => ref).join(', ')} would lose other files that share packs with these`,
      {
        data: { refs: shared },
        hints: [
          '`floe purge PATH` packs the rest of a branch anew and leaves these packs to what is taken down',
          'See what is lost with --dry-run; --despite-others takes the loss',
        ],
      },
    )
  if (doomed.length === 0) return { ...result, $kind: 'nothing' }
  const signer = await context.signer()
  const evidence = options.evidence === undefined ? null : sha256Hex(await readFile(options.evidence))
  const [now] = await fetchCommitStatuses(reader, state, [commit], options)
  // The record that is there does if it says so already: every further one would be noise.
  let ground = now && GROUNDS.includes(now.status) && !evidence ? now.number : null
  for (const batch of inBatches(doomed, options.perTransaction ?? TAKEDOWNS_PER_TRANSACTION)) {
    await ensureLocalFunds(context, signer, 0n)
    const executed = await context.ledger.execute(
      (transaction) => {
        const mark = { commit, status, reason, evidence, successor: null }
        const record = ground ?? addStatus(transaction, state.packageId, place.repository, mark)
        for (const { number } of batch)
          addProposeTakedown(transaction, state.packageId, {
            repository: place.repository,
            pack: number,
            status: record,
          })
      },
      signer,
      signal ? { signal } : {},
    )
    result.digests.push(executed.digest)
    if (ground === null) {
      const [fresh] = await fetchCommitStatuses(reader, await reader.fetchState(options), [commit], options)
      ground = fresh!.number
    }
  }
  return { ...result, $kind: 'proposed' }
}

/** Statuses that the contract takes for a ground. */
const GROUNDS: readonly string[] = ['consent-withdrawn', 'takedown']

async function* entriesAt(
  read: ReadObject,
  tree: ObjectId,
  paths: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<TreeEntry> {
  for await (const entry of walkTree(read, tree, { signal })) if (isSelected(entry.path, paths)) yield entry
}

/** Chunks of a file. */
export async function* chunksOf(read: ReadObject, entry: TreeEntry): AsyncGenerator<ObjectId> {
  if (entry.content?.kind === 'chunk') yield entry.content.id
  else if (entry.content)
    for await (const map of walkMapNodes(read, entry)) if (map.level === 0) for (const { id } of map.items) yield id
}

/** What a ref cannot read any more once the packs are gone, in its newest version and in those before. */
async function lossOf(
  ref: RefRecord,
  read: ReadObject,
  targets: ObjectSet,
  lost: ObjectSet,
  signal: AbortSignal | undefined,
): Promise<Loss> {
  const loss: Loss = {
    ref: localRefName(ref.name),
    files: 0,
    others: [],
    otherCount: 0,
    older: { others: [], otherCount: 0 },
  }
  const tip = ref.commit as ObjectId
  const [nodes, contents] = [new ObjectSet(), new ObjectSet()]
  const judge = async (entry: TreeEntry, from: ReadObject) => {
    let [isTarget, isGone] = [false, false]
    for await (const id of chunksOf(from, entry)) {
      isTarget ||= targets.has('chunk', id)
      isGone ||= lost.has('chunk', id)
    }
    if (entry.content) contents.add(entry.content.kind, entry.content.id)
    return isTarget ? 'target' : isGone ? 'other' : 'none'
  }
  const skip = (id: ObjectId) => !nodes.add('tree', id)
  const { tree } = parseCommit(await read('commit', tip))
  for await (const node of walkTreeNodes(read, tree, { skip, signal }))
    for (const entry of node.entries) {
      const fate = await judge(entry, read)
      if (fate === 'target') loss.files++
      else if (fate === 'other' && ++loss.otherCount <= MAX_NAMED) loss.others.push(entry.path)
    }
  // Of earlier versions, some may have gone already.
  const past: ReadObject = async (kind, id, options) => {
    try {
      return await read(kind, id, options)
    } catch (error) {
      if (!isLost(error)) throw error
      throw new ObjectMissingError(kind, id)
    }
  }
  const onAbsent = () => undefined
  for await (const { id, commit } of walkCommits(past, [tip], { onAbsent, signal }))
    for await (const node of walkTreeNodes(past, commit.tree, { skip, onAbsent, signal }))
      for (const entry of node.entries) {
        if (!entry.content || contents.has(entry.content.kind, entry.content.id)) continue
        await whereHere(async () => {
          if ((await judge(entry, past)) === 'other' && ++loss.older.otherCount <= MAX_NAMED)
            loss.older.others.push(`${entry.path} at ${id.slice(0, NAMED_ID_CHARS)}`)
        })
      }
  return loss
}

const NAMED_ID_CHARS = 12
