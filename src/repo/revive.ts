/** `revive`: brings back what has expired, from a workspace that has it. Storage of an expired blob cannot be extended, so
 *  the objects are packed anew, and each branch moves from its commit to the same commit over packs that are stored: on
 *  the record, as any push. A tag never moves; it is read through the branches that contain its commit.
 *
 *  The old packs' removal is proposed where the key may do that, so that nothing renews or lists them any more. */

import { FloeError, UsageError } from '../base/errors.ts'
import { isAncestor, walkCommits } from '../history/commits.ts'
import type { PackRecord, RefRecord } from '../ledger/repository-records.ts'
import { addProposeRemoval, ROLES } from '../ledger/transactions/repository.ts'
import { parseCommit } from '../objects/commit.ts'
import { walkMapNodes } from '../objects/content-map.ts'
import type { ObjectId, ObjectKind } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import { walkTreeNodes } from '../objects/tree.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import { readAllPacks } from './expiry.ts'
import { inBatches } from './pack-extension.ts'
import { type PushResult, push, pushBudget } from './push.ts'
import { refPacks } from './ref-expiry.ts'
import { localRefName, readRemote } from './remote.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource, type RemoteSource } from './remote-source.ts'

export interface ReviveOptions extends RemoteOptions {
  /** Default: the one that the current branch follows, else `origin`, else the only one. */
  remote?: string | undefined
  /** Branch, short or full (default: every ref that needs something expired). */
  ref?: string | undefined
  epochs?: number | undefined
  dryRun?: boolean | undefined
  /** Decimal WAL, for all branches together; the transactions enforce it. */
  maxWal?: string | undefined
  yes?: boolean | undefined
}

export interface RevivedRef {
  ref: string
  commit: string
  /** As of a push. */
  packs: number
  walFrost: string
  digest: string | null
  /** Older versions whose files are not in this workspace, nor on the network. */
  lost: string[]
}

export interface ReviveResult {
  $kind: 'revived' | 'up-to-date' | 'dry-run'
  network: string
  repository: string
  refs: RevivedRef[]
  /** Tags that are read through revived branches. */
  tags: { ref: string; through: string }[]
  /** Refs that nothing could be done for from here. */
  skipped: { ref: string; code: string; reason: string }[]
  walFrost: string
  /** Expired packs whose removal was proposed. */
  retired: number[]
  /** Packs whose time is over and of which nobody has proposed the removal, before this. */
  expired: number
}

/** This workspace cannot help, another may. */
const INCOMPLETE: ReadonlySet<string> = new Set(['REVIVE_INCOMPLETE', 'OBJECT_MISSING'])

/** @throws {UsageError} REMOTE_REF_UNKNOWN, REVIVE_TAG
 *  @throws {AuthError} PUSH_MAX_WAL */
export async function revive(dir: string, options: ReviveOptions): Promise<ReviveResult> {
  await using workspace = await openWorkspace(dir)
  const remote = readRemote(workspace, options.remote)
  const result: ReviveResult = {
    $kind: options.dryRun ? 'dry-run' : 'revived',
    network: remote.network,
    repository: remote.repository,
    refs: [],
    tags: [],
    skipped: [],
    walFrost: '0',
    retired: [],
    expired: 0,
  }
  const needy = await findNeedy(workspace, remote, options)
  result.expired = needy.expired.length
  if (needy.branches.length + needy.tags.length === 0) return { ...result, $kind: 'up-to-date' }
  const budget = pushBudget(options)
  /** Whose locators lead to what is stored again, and those of them that are back with all of their history. */
  const seen: ObjectId[] = []
  const have: ObjectId[] = []
  for (const row of needy.branches) {
    const ref = localRefName(row.name)
    const commit = row.commit as ObjectId
    try {
      const revived = describe(await push(dir, { ...options, ref, revive: { commit, have, seen, budget } }))
      result.refs.push(revived)
      seen.push(commit)
      if (revived.lost.length === 0) have.push(commit)
    } catch (error) {
      if (!(error instanceof FloeError) || !INCOMPLETE.has(error.code)) throw error
      result.skipped.push({ ref, code: error.code, reason: error.message })
    }
  }
  for (const row of needy.tags) await placeTag(workspace, row, result)
  result.walFrost = String(result.refs.reduce((sum, { walFrost }) => sum + BigInt(walFrost), 0n))
  if (!options.dryRun && result.refs.length > 0) result.retired = await retire(remote, needy.expired, options)
  return result
}

interface Needy {
  branches: RefRecord[]
  tags: RefRecord[]
  /** Live packs of the repository that have expired. */
  expired: number[]
}

/** Refs that need something expired. */
async function findNeedy(
  workspace: Workspace,
  { network, repository }: { network: string; repository: string },
  options: ReviveOptions,
): Promise<Needy> {
  await using source = await openRemoteSource(network, repository, options)
  const { epoch } = await source.context.walrus()
  const over = (await readAllPacks(source.reader, source.state, options)).filter((pack) => pack.endEpoch <= epoch)
  const wanted = options.ref === undefined ? source.refs : [findBranch(source, options.ref)]
  const needy: Needy = { branches: [], tags: [], expired: [] }
  for (const row of wanted) {
    const record = source.recordOf(row)
    const objects = await source.objects([record])
    if (row.name.startsWith('refs/tags/')) {
      if (!(await isReadable(objects, row.commit as ObjectId))) needy.tags.push(row)
      continue
    }
    const packs = await refPacks(source, objects, record, options)
    const isStored = packs.every((pack) => pack.endEpoch > epoch && pack.state !== 'removed')
    // What `gc` has removed since it expired may be needed by older versions all the same.
    if (!isStored || (over.length > 0 && (await isForgotten(workspace, objects, row.commit as ObjectId, options))))
      needy.branches.push(row)
  }
  needy.expired = over.filter((pack) => pack.state === 'live').map((pack) => pack.number)
  return needy
}

/** True if something that a commit needs is here, and the locator names it no more: a push writes what is stored into it,
 *  so after the next push nothing says that something has expired. */
async function isForgotten(
  { store }: Workspace,
  { locator }: RemoteObjects,
  commit: ObjectId,
  { signal }: ReviveOptions,
): Promise<boolean> {
  const met = new ObjectSet()
  let isNamed = true
  const look = async (kind: ObjectKind, id: ObjectId) => {
    if (!isNamed || !met.add(kind, id) || !(await store.has(kind, id))) return
    const { done } = await locator.locate(kind, id, { signal }).next()
    isNamed = !done
  }
  const onAbsent = () => undefined
  for await (const item of walkCommits(store.readLocal, [commit], { signal, onAbsent })) {
    await look('commit', item.id)
    for (const attachment of item.commit.attachments.values()) await look('attachment', attachment)
    const skip = (id: ObjectId) => met.has('tree', id)
    for await (const node of walkTreeNodes(store.readLocal, item.commit.tree, { skip, onAbsent, signal })) {
      await look('tree', node.id)
      for (const entry of node.entries) {
        if (entry.content?.kind === 'chunk') await look('chunk', entry.content.id)
        const walk = { skip: (id: ObjectId) => met.has('map', id), onAbsent, signal }
        for await (const map of walkMapNodes(store.readLocal, entry, walk)) {
          await look('map', map.id)
          if (map.level === 0) for (const chunk of map.items) await look('chunk', chunk.id)
        }
      }
      if (!isNamed) return true
    }
    if (!isNamed) return true
  }
  return false
}

/** A tag keeps naming its first packs, so whether it is lost shows in reading it only. */
async function isReadable({ read }: RemoteObjects, commit: ObjectId): Promise<boolean> {
  try {
    await read('tree', parseCommit(await read('commit', commit)).tree)
    return true
  } catch (error) {
    if (!(error instanceof FloeError) || (error.kind !== 'integrity' && error.code !== 'BLOB_NOT_FOUND')) throw error
    return false
  }
}

function findBranch(source: RemoteSource, name: string): RefRecord {
  const names = [name, `heads/${name}`, `tags/${name}`]
  const row = source.refs.find((ref) => names.includes(localRefName(ref.name)))
  if (!row)
    throw new UsageError('REMOTE_REF_UNKNOWN', `the remote has no ${name}`, {
      data: { ref: name },
      hints: ['See what it has with `floe remote show`'],
    })
  if (row.name.startsWith('refs/tags/'))
    throw new UsageError('REVIVE_TAG', `${name} is a tag, which never moves`, {
      hints: ['Revive a branch that contains its commit; if there is none, push one with `floe push BRANCH`'],
    })
  return row
}

function describe(revived: PushResult): RevivedRef {
  return {
    ref: revived.ref,
    commit: revived.new,
    packs: revived.packs.length,
    walFrost: revived.cost.walFrost,
    digest: revived.digest ?? null,
    lost: revived.lost ?? [],
  }
}

async function placeTag(workspace: Workspace, row: RefRecord, result: ReviveResult): Promise<void> {
  const ref = localRefName(row.name)
  const commit = row.commit as ObjectId
  for (const branch of result.refs) {
    if (branch.lost.includes(commit) || !(await workspace.store.has('commit', commit))) continue
    if (!(await isAncestor(workspace.store.read, commit, branch.commit as ObjectId))) continue
    result.tags.push({ ref, through: branch.ref })
    return
  }
  result.skipped.push({
    ref,
    code: 'REVIVE_TAG',
    reason: 'a tag never moves, and no branch that was revived contains its files',
  })
}

/** Proposals in one transaction: each loads two objects. */
const PROPOSALS_PER_TRANSACTION = 300

async function retire(
  { network, repository }: { network: string; repository: string },
  expired: readonly number[],
  options: ReviveOptions,
): Promise<number[]> {
  await using source = await openRemoteSource(network, repository, options)
  const { reader, state, context } = source
  const signer = await context.signer()
  const isRevoker = ((state.roles.get(signer.address) ?? 0) & ROLES.revoker) !== 0
  const { epoch } = await context.walrus()
  const mayRetire = (pack: PackRecord) =>
    pack.state === 'live' && pack.endEpoch <= epoch && !pack.permanent && (isRevoker || pack.pusher === signer.address)
  const numbers = (await reader.fetchPacks(state, expired, options)).filter(mayRetire).map((pack) => pack.number)
  for (const batch of inBatches(numbers, PROPOSALS_PER_TRANSACTION))
    await context.ledger.execute(
      (transaction) => {
        const target = transaction.object(repository)
        for (const number of batch) addProposeRemoval(transaction, state.packageId, target, number)
      },
      signer,
      options.signal ? { signal: options.signal } : {},
    )
  return numbers
}
