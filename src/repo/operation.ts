/** What is begun and waits for a person: a merge, cherry-pick, revert or rebase with conflicts. Its record is
 *  `.floe/operation`, one checked JSON document, replaced atomically.
 *
 *  A record is in force only while HEAD is where the operation began. So whatever moves HEAD ends it, and a crash between
 *  the commit that finishes it and the removal of the record does no harm. A rebase moves HEAD itself: its record is
 *  written first, and is in force from where HEAD was then as well. */

import * as v from 'valibot'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { sha256Hex } from '../crypto/hash.ts'
import type { ObjectId } from '../objects/id.ts'
import type { TreeEntry } from '../objects/tree.ts'
import { discard, replaceFile } from '../store/atomic-file.ts'
import { StoreCorruptError } from '../store/errors.ts'
import { isErrno } from '../store/file-system.ts'
import type { Workspace } from '../store/workspace.ts'
import { OperationError, type OperationKind, operationCorrupt } from './merge-errors.ts'

export type Resolution = 'ours' | 'theirs' | 'file'

const id = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/),
  v.transform((text) => text as ObjectId),
)
const bytes = v.pipe(v.number(), v.integer(), v.minValue(0))
const entrySchema = v.object({
  path: v.string(),
  kind: v.picklist(['file', 'symlink']),
  executable: v.boolean(),
  bytes,
  fileId: id,
  content: v.nullable(v.object({ kind: v.picklist(['chunk', 'map']), id })),
})

const rebaseSchema = v.object({
  /** What is rebased: a branch, which moves at the very end, or a detached HEAD (null). */
  branch: v.nullable(v.string()),
  /** Where it was, and what it is rebased on is called. */
  original: id,
  onto: v.string(),
  /** Where HEAD was when the record was written. */
  previous: id,
  /** Tree that the files had then. */
  from: id,
  /** Commits that come after the one that stopped, oldest first. */
  todo: v.array(id),
  /** How many have been done again; those left out do not count. */
  done: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Where the branch goes: all is done, and only files and refs are to be brought there. */
  result: v.nullable(id),
})

const picksSchema = v.object({
  /** Where HEAD was before the first of several that are picked. */
  original: id,
  /** Commits that come after the one that stopped, oldest first. */
  todo: v.array(id),
  /** How many have been picked; those left out do not count. */
  done: v.pipe(v.number(), v.integer(), v.minValue(0)),
})

const operationSchema = v.object({
  kind: v.picklist(['merge', 'cherry-pick', 'revert', 'rebase']),
  /** Where HEAD was; of a rebase: the version that the next one comes on. */
  head: id,
  /** The version that is brought in, and what to call it. */
  theirs: id,
  theirsTree: id,
  label: v.string(),
  /** HEAD's tree with all that merged by itself; conflicts are as in HEAD. */
  tree: id,
  parents: v.array(id),
  message: v.string(),
  author: v.object({ name: v.string(), email: v.string(), address: v.optional(v.string()) }),
  /** Files and staging have been brought to `tree`. */
  applied: v.boolean(),
  conflicts: v.array(
    v.object({
      path: v.string(),
      kind: v.picklist(['both-changed', 'changed-deleted', 'file-folder']),
      base: v.nullable(entrySchema),
      ours: v.nullable(entrySchema),
      theirs: v.nullable(entrySchema),
      /** What the file on disk was given: a text with conflict markers, or what is there of a file that ours deleted. */
      shown: v.nullable(entrySchema),
      resolved: v.nullable(v.picklist(['ours', 'theirs', 'file'])),
    }),
  ),
  rebase: v.optional(rebaseSchema),
  picks: v.optional(picksSchema),
})

export type Operation = v.InferOutput<typeof operationSchema>
export type RebaseState = v.InferOutput<typeof rebaseSchema>
export type PickState = v.InferOutput<typeof picksSchema>
export type OperationConflict = Operation['conflicts'][number]

/** About half a million conflicts. */
const MAX_OPERATION_BYTES = 512 * 2 ** 20

/** The operation in progress, or null.
 *  @throws {StoreCorruptError} STORE_OPERATION_CORRUPT (exit 13) */
export function readOperation(workspace: Workspace): Operation | null {
  const path = pathOf(workspace)
  let text: string
  try {
    text = fromUtf8(workspace.fs.readFile(path, MAX_OPERATION_BYTES))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    if (error instanceof TypeError || isErrno(error, 'EFBIG', 'EISDIR', 'ELOOP'))
      throw operationCorrupt(path, 'it is no record')
    throw error
  }
  const lineEnd = text.indexOf('\n')
  const body = text.slice(lineEnd + 1)
  if (lineEnd < 0 || text.slice(0, lineEnd) !== `floe.operation.v1 ${sha256Hex(utf8(body))}`)
    throw operationCorrupt(path, 'its check does not match')
  const parsed = v.safeParse(operationSchema, JSON.parse(body))
  if (!parsed.success) throw operationCorrupt(path, parsed.issues[0].message)
  return isInForce(workspace, parsed.output) ? parsed.output : null
}

function isInForce({ refs }: Workspace, { head, rebase }: Operation): boolean {
  const now = refs.headCommit()
  if (!rebase) return now === head
  const isBack = rebase.branch === null || refs.readHead().$kind === 'branch'
  const isDone = rebase.result !== null && isBack && now === rebase.result
  return !isDone && (now === head || now === rebase.previous)
}

/** Under the lock. */
export async function writeOperation(workspace: Workspace, operation: Operation): Promise<void> {
  const body = `${JSON.stringify(operation)}\n`
  const text = utf8(`floe.operation.v1 ${sha256Hex(utf8(body))}\n${body}`)
  await replaceFile(workspace.fs, pathOf(workspace), [text], { tmpDir: workspace.tmpDir })
}

/** Forgets it. Under the lock. */
export async function endOperation(workspace: Workspace): Promise<void> {
  const path = pathOf(workspace)
  if (!workspace.fs.stat(path)) return
  discard(workspace.fs, path)
  await workspace.fs.syncDirectory(workspace.floeDir)
}

/** What is in progress. A damaged record is no reason to refuse: who asks is on the way out of it. */
export function soundOperation(workspace: Workspace): Operation | null {
  try {
    return readOperation(workspace)
  } catch (error) {
    if (error instanceof StoreCorruptError) return null
    throw error
  }
}

export function operationKind(workspace: Workspace): OperationKind | null {
  return soundOperation(workspace)?.kind ?? null
}

/** @throws {OperationError} OPERATION_IN_PROGRESS (exit 1) */
export function refuseOperation(workspace: Workspace): void {
  const operation = readOperation(workspace)
  if (operation) throw new OperationError('OPERATION_IN_PROGRESS', operation.kind)
}

/** @throws {OperationError} OPERATION_NONE (exit 1) if there is none of that kind */
export function demandOperation(workspace: Workspace, kind: OperationKind): Operation {
  const operation = readOperation(workspace)
  if (!operation) throw new OperationError('OPERATION_NONE', kind)
  if (operation.kind !== kind) throw new OperationError('OPERATION_IN_PROGRESS', operation.kind)
  return operation
}

/** What it refers to that nothing else may: roots for keeping objects. */
export function operationEntries(operation: Operation): TreeEntry[] {
  return operation.conflicts
    .flatMap(({ ours, theirs, shown }) => [ours, theirs, shown])
    .filter((entry) => entry !== null)
}

/** Commits that nothing else may refer to. */
export function operationCommits({ head, theirs, rebase, picks }: Operation): ObjectId[] {
  if (picks) return picks.todo
  return rebase ? [head, theirs, rebase.original, ...(rebase.result ? [rebase.result] : [])] : []
}

function pathOf(workspace: Workspace): string {
  return `${workspace.floeDir}/operation`
}

export interface ConflictRecord {
  path: string
  kind: OperationConflict['kind']
  /** The side that deleted it, of a file that the other changed. */
  deletedBy: 'ours' | 'theirs' | null
  resolved: Operation['conflicts'][number]['resolved']
}

export function conflictRecords({ conflicts }: Pick<Operation, 'conflicts'>): ConflictRecord[] {
  return conflicts.map(({ path, kind, ours, resolved }) => {
    const deletedBy = kind !== 'changed-deleted' ? null : ours ? 'theirs' : 'ours'
    return { path, kind, deletedBy, resolved }
  })
}

/** True for a file that is on disk for the operation alone: ours has nothing there. */
export function isBrought({ ours, shown }: OperationConflict): boolean {
  return !ours && shown !== null
}

/** Files that are on disk for the operation alone. */
export function broughtPaths(workspace: Workspace): string[] {
  const conflicts = soundOperation(workspace)?.conflicts ?? []
  return conflicts.filter(isBrought).map(({ path }) => path)
}
