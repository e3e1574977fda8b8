/** `commit`: makes a version of what is staged, or makes the last one again with it. */

import { CHUNK_PROFILE } from '../chunking/profile.ts'
import { readCommit } from '../history/commits.ts'
import { UnbornError } from '../history/errors.ts'
import { type Commit, type CommitAuthor, encodeCommit } from '../objects/commit.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { createMemoryObjects, type ReadObject } from '../objects/reader.ts'
import { buildTree, diffTrees, updateTree } from '../objects/tree.ts'
import type { HeldResult } from '../store/held-keep.ts'
import type { WriteSession } from '../store/local-store.ts'
import type { StagedChange } from '../store/staging.ts'
import type { Workspace } from '../store/workspace.ts'
import { type Collected, collect, saveCollectedStats } from './collect.ts'
import { type ChosenPaths, choosePaths, refuseUntracked, type StagedRest } from './commit-paths.ts'
import { AuthorMissingError, MessageEmptyError, NothingStagedError } from './errors.ts'
import type { BuiltTree } from './first-tree.ts'
import type { InPlaceOption } from './in-place.ts'
import { type NameWarning, nameWarnings } from './name-warnings.ts'
import { refuseOperation } from './operation.ts'
import { overlay } from './overlay.ts'
import type { OnProgress } from './progress.ts'
import { keepStaged } from './sparse-scope.ts'
import { type StageWarning, stageWarnings } from './stage-warnings.ts'
import { readVersions } from './versions.ts'

export interface CommitOptions {
  message: string
  /** Commit all changes of tracked files too, staged or not. */
  all?: boolean | undefined
  /** Commit everything there is: new files, changes and deletions too. */
  add?: boolean | undefined
  /** Commit these (`''` for all that is tracked) as they are on disk, and leave what else is staged for later; none are
   *  named by an empty list. */
  paths?: readonly string[] | undefined
  /** With `all`, `add` or `paths`: large files hold their contents themselves, and are not copied (default: as `store.inPlace` says). */
  inPlace?: InPlaceOption
  /** Default: `user.*` of the configuration. */
  author?: CommitAuthor | undefined
  /** Default: now. */
  timeMs?: number | undefined
  allowEmpty?: boolean | undefined
  /** Small objects to be kept with the commit, by name. A function is told what the commit will be about: a statement
   *  names its tree and parents. */
  attachments?: Attachments | ((about: { tree: ObjectId; parents: ObjectId[] }) => Attachments) | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface AmendOptions extends Omit<CommitOptions, 'message' | 'allowEmpty'> {
  /** Default: the one it has; likewise the author. */
  message?: string | undefined
}

type Attachments = ReadonlyMap<string, Uint8Array>

export interface CommitResult {
  commit: ObjectId
  tree: ObjectId
  parents: ObjectId[]
  branch: string | null
  changes: { added: number; modified: number; deleted: number }
  /** Files that hold their contents themselves from now on. */
  inPlace: HeldResult[]
  warnings: (NameWarning | StageWarning)[]
}

/** The branch moves last, when everything it stands for is durable.
 *  @throws {NothingStagedError} COMMIT_NOTHING_STAGED (exit 1)
 *  @throws {OperationError} OPERATION_IN_PROGRESS (exit 1): then `--continue` makes the commit
 *  @throws {PathsUntrackedError} PATH_UNTRACKED (exit 2), and PATH_UNKNOWN, for `paths`
 *  @throws {PathConflictError} PATH_CONFLICT (exit 2) if both `a` and `a/b` are staged */
export async function commit(workspace: Workspace, options: CommitOptions): Promise<CommitResult> {
  if (options.message.trim() === '') throw new MessageEmptyError()
  const author = options.author ?? configuredAuthor(workspace)
  return workspace.withLock('commit', async () => {
    refuseOperation(workspace)
    return record(workspace, { ...options, author }, null)
  })
}

/** Puts a version in the place of HEAD's: the same parents, what HEAD has with what is staged, another message. The old one
 *  stays in the log of the branch.
 *  @throws {UnbornError} REVISION_UNKNOWN (exit 2) before the first commit, and what `commit` throws */
export async function amendCommit(workspace: Workspace, options: AmendOptions = {}): Promise<CommitResult> {
  if (options.message?.trim() === '') throw new MessageEmptyError()
  return workspace.withLock('commit', async () => {
    refuseOperation(workspace)
    const head = workspace.refs.headCommit()
    if (!head) throw new UnbornError('HEAD', workspace.refs.readHead())
    const amended = await readCommit(workspace.store.read, head)
    const { message = amended.message, author = amended.author } = options
    return record(workspace, { ...options, message, author }, amended)
  })
}

/** Under the lock. */
async function record(workspace: Workspace, options: Authored, amended: Commit | null): Promise<CommitResult> {
  const { all, add, inPlace, signal, onProgress } = options
  const paths = options.paths?.length ? options.paths : undefined
  const scope = paths ? 'known' : add ? 'all' : 'tracked'
  const session = await workspace.store.begin()
  try {
    if (paths) await refuseUntracked(workspace, await readVersions(workspace), paths)
    const request = { for: 'commit', scope, paths, inPlace, signal, onProgress } as const
    const collected = all || add || paths ? await collect(workspace, session, request) : undefined
    const head = workspace.refs.headCommit()
    const chosen = collected && paths ? choosePaths(workspace, collected.versions, paths) : undefined
    const { left, ...made } = await write(workspace, session, options, { collected, chosen, amended })
    if (collected) await stageAnew(workspace, collected)
    await moveHead(workspace, head, made.commit, `commit${amended ? ' (amend)' : ''}: ${firstLine(options.message)}`)
    if (left ? left.isLess : collected?.versions.staging.count !== 0)
      await workspace.writeStaging(left?.changes() ?? [])
    const held = [...session.held]
    const seen = collected && { inPlace: held, added: () => collected.changes.added() }
    const warnings = seen ? stageWarnings(workspace, seen) : []
    return { ...made, inPlace: held, warnings: [...made.warnings, ...warnings] }
  } finally {
    session.abort()
  }
}

/** What had been staged in an older state than it is committed in would come back over that, were the commit cut off between
 *  its branch and staging. */
async function stageAnew(workspace: Workspace, { versions: { staging }, changes }: Collected): Promise<void> {
  const [fewer, others] = changes.count < staging.count ? [changes, staging] : [staging, changes]
  if (!isAny(fewer.paths(), (path) => others.get(path) !== undefined)) return
  function* anew(): Generator<StagedChange> {
    for (const change of staging.changes()) {
      const entry = changes.get(change.path)
      yield entry === undefined ? change : { path: change.path, entry }
    }
  }
  await workspace.writeStaging(anew())
}

function isAny(paths: Iterable<string>, fits: (path: string) => boolean): boolean {
  for (const path of paths) if (fits(path)) return true
  return false
}

type Authored = CommitOptions & { author: CommitAuthor }

/** Moves what HEAD points at: the branch, or HEAD itself. Under the lock.
 *  @param next - null for a branch without a version */
export async function moveHead(
  workspace: Workspace,
  expected: ObjectId | null,
  next: ObjectId | null,
  reason: string,
): Promise<void> {
  const head = workspace.refs.readHead()
  if (head.$kind === 'detached' && next) await workspace.refs.setHead({ $kind: 'detached', commit: next }, reason)
  else if (head.$kind === 'branch')
    await workspace.refs.update({ name: `heads/${head.branch}`, expected, next, reason })
}

interface Parts {
  /** What is not staged, and goes into the commit as it is: cut off, nothing has been staged. */
  collected: Collected | undefined
  /** Of that and of what is staged, what alone goes into it. */
  chosen: ChosenPaths | undefined
  /** HEAD's commit, if this one takes its place. */
  amended: Commit | null
}

async function write(
  workspace: Workspace,
  session: WriteSession,
  options: Authored,
  { collected, chosen, amended }: Parts,
): Promise<Omit<CommitResult, 'inPlace'> & { left: StagedRest | undefined }> {
  const head = workspace.refs.headCommit()
  const { read } = workspace.store
  const before = head ? (await readCommit(read, head)).tree : null
  const changes = await changesFor(workspace, collected, chosen)
  const tree = await newTree(session, before, changes, collected?.tree, options)
  const left = await chosen?.rest(session.read, tree)
  const isUnchanged = tree === (before ?? (await buildTree([], createMemoryObjects().write)))
  if (isUnchanged && !options.allowEmpty && !amended) {
    // What was read may be what was lost of contents committed in place. Of no version before it, an empty tree alone was put.
    if (before) await session.seal()
    if (collected) await saveCollectedStats(workspace, collected)
    throw new NothingStagedError(nextStep(options))
  }
  const parents = amended ? [...amended.parents] : head ? [head] : []
  const attached =
    typeof options.attachments === 'function' ? options.attachments({ tree, parents }) : options.attachments
  const attachments = new Map<string, ObjectId>()
  for (const [name, bytes] of attached ?? []) attachments.set(name, await session.put('attachment', bytes))
  const { message, author, timeMs = workspace.clock.now() } = options
  const made = { tree, parents, author, timeMs, message, profile: CHUNK_PROFILE, attachments }
  const id = await session.put('commit', encodeCommit(made))
  // Sealed before it is looked at, so that one pack takes all of it.
  await session.seal()
  if (collected) {
    await keepStaged(workspace, collected.versions, collected.changes)
    await saveCollectedStats(workspace, collected)
  }
  // Without a version before, what is staged is what was added: the tree need not be read back.
  const { added, ...others } = before
    ? await countAll(read, { before, tree, amended }, options.signal)
    : { added: changes, modified: 0, deleted: 0 }
  const current = workspace.refs.readHead()
  const branch = current.$kind === 'branch' ? current.branch : null
  const count = Array.isArray(added) ? added.length : added.count
  const paths = () => (Array.isArray(added) ? added : added.paths())
  const names = before ? undefined : collected?.tree?.names
  const warnings = count === 0 ? [] : await nameWarnings(read, before ? tree : null, paths, names)
  return { commit: id, tree, parents, branch, changes: { added: count, ...others }, warnings, left }
}

/** Of a version that takes another's place all that it changes, if what came before is here: a clone has one tree. */
async function countAll(
  read: ReadObject,
  { before, tree, amended }: { before: ObjectId; tree: ObjectId; amended: Commit | null },
  signal: AbortSignal | undefined,
) {
  if (!amended) return countChanges(read, before, tree, signal)
  const [parent] = amended.parents
  try {
    return await countChanges(read, parent ? (await readCommit(read, parent)).tree : null, tree, signal)
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error
    return countChanges(read, before, tree, signal)
  }
}

interface Changes {
  readonly count: number
  changes(): Iterable<StagedChange>
  /** Of the changes alone. */
  paths(): Iterable<string>
}

/** What the commit changes: what is staged, with what was collected over it. */
async function changesFor(
  workspace: Workspace,
  collected: Collected | undefined,
  chosen: ChosenPaths | undefined,
): Promise<Changes> {
  if (!collected) return workspace.readStaging()
  const { versions, changes } = collected
  if (versions.staging.count === 0) return changes
  const both = await overlay(versions, changes)
  function* taken() {
    for (const change of both) if (!chosen || chosen.takes(change)) yield change
  }
  function* paths() {
    for (const { path } of taken()) yield path
  }
  return { count: countOf(taken()), changes: taken, paths }
}

async function newTree(
  { read, put }: Pick<WriteSession, 'read' | 'put'>,
  before: ObjectId | null,
  changes: Changes,
  built: BuiltTree | undefined,
  { signal }: { signal?: AbortSignal | undefined },
): Promise<ObjectId> {
  if (built) return built.id
  if (before) return updateTree(read, put, before, changes.changes(), { signal })
  function* entries() {
    for (const { entry } of changes.changes()) if (entry) yield entry
  }
  return buildTree(entries(), put)
}

function countOf(items: Iterable<unknown>): number {
  let count = 0
  for (const _ of items) count++
  return count
}

async function countChanges(
  read: ReadObject,
  before: ObjectId | null,
  tree: ObjectId,
  signal: AbortSignal | undefined,
): Promise<{ added: string[]; modified: number; deleted: number }> {
  const counts = { added: [] as string[], modified: 0, deleted: 0 }
  for await (const difference of diffTrees(read, before, tree, { signal })) {
    if (!difference.before) counts.added.push(difference.path)
    else if (difference.after) counts.modified++
    else counts.deleted++
  }
  return counts
}

export function configuredAuthor(workspace: Workspace): CommitAuthor {
  const { user } = workspace.readConfig()
  if (!user?.name) throw new AuthorMissingError()
  return { name: user.name, email: user.email ?? '', ...(user.address ? { address: user.address } : {}) }
}

function nextStep({ all, add, paths }: CommitOptions): string {
  if (paths?.length) return 'nothing that is tracked at these paths has changed'
  if (add) return 'no file has changed since the last commit'
  return all
    ? 'no tracked file has changed; stage new files with `floe add`'
    : 'stage changes with `floe add`, or commit everything there is with `floe commit -A`'
}

function firstLine(message: string): string {
  return message.trim().split('\n')[0]!
}
