/** What `.floeattributes` asks of a push: paths that must not go out in the clear, and how long to promise to keep what a
 *  version needs. The rules of the workspace count, and those of every version that is sent. */

import { concatBytes } from '../base/bytes.ts'
import { FloeError } from '../base/errors.ts'
import { readCommit } from '../history/commits.ts'
import { newCommits } from '../history/missing-objects.ts'
import { MAX_TIME_MS } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { diffTrees, findEntry, type TreeEntry, walkTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import {
  ATTRIBUTES_FILE,
  type AttributeRules,
  MAX_ATTRIBUTES_BYTES,
  parseAttributes,
  readAttributes,
} from '../worktree/attributes.ts'
import { readEntry } from '../worktree/write-file.ts'

export interface PushHints {
  /** The longest promise that a path of the version asks for; infinite for `permanent`. */
  retain: { epochs: number; path: string } | null
}

export interface PushHintsRequest {
  /** What the ref will stand at. */
  tip: ObjectId
  /** Commits that the remote has. */
  have: readonly ObjectId[]
  read: ReadObject
  options: { signal?: AbortSignal | undefined; revive?: unknown }
}

/** Something that is to be encrypted would be readable by everyone (exit 1). */
export class PushUnencryptedError extends FloeError {
  override name = 'PushUnencryptedError'
  constructor(paths: readonly { path: string; commit: ObjectId }[], count: number) {
    const [first] = paths
    super(
      'other',
      'PUSH_UNENCRYPTED',
      `${first?.path}${count > 1 ? ` and ${count - 1} more` : ''} is to be encrypted, and Floe cannot do that yet: what is pushed can be read by anyone`,
      {
        data: { count, paths },
        hints: [
          `version ${first?.commit.slice(0, 12)} has it: nothing of this push was sent`,
          `if it may be public, say so in ${ATTRIBUTES_FILE}: \`PATTERN encrypt=no\``,
          'otherwise push a branch without it, and carry it over with `floe bundle create`',
        ],
      },
    )
  }
}

const MAX_LISTED = 100
const MAX_CACHED_RULES = 1000

/** @throws {PushUnencryptedError} PUSH_UNENCRYPTED (exit 1), before anything was sent or paid for */
export async function pushHints(workspace: Workspace, request: PushHintsRequest): Promise<PushHints> {
  // What is revived is public already, and was promised when it was pushed.
  if (request.options.revive) return { retain: null }
  const here = readAttributes(workspace.fs, workspace.root)
  const rulesAt = createRuleReader(request)
  await refuseUnencrypted(workspace, request, here, rulesAt)
  const { tree } = await readCommit(request.read, request.tip, request.options)
  return { retain: await longestPromise(request, tree, [here, await rulesAt(tree)]) }
}

type RulesAt = (tree: ObjectId) => Promise<AttributeRules>

/** The rules that a version has of its own. */
function createRuleReader({ read, options: { signal } }: PushHintsRequest): RulesAt {
  const known = new Map<string, AttributeRules>()
  const none = parseAttributes('')
  return async (tree) => {
    const entry = await findEntry(read, tree, ATTRIBUTES_FILE, { signal })
    if (entry?.kind !== 'file' || entry.bytes > MAX_ATTRIBUTES_BYTES) return none
    const before = known.get(entry.fileId)
    if (before) return before
    const pieces: Uint8Array[] = []
    for await (const piece of readEntry(read, entry, { signal })) pieces.push(Uint8Array.from(piece))
    const rules = parseAttributes(new TextDecoder().decode(concatBytes(...pieces)))
    if (known.size >= MAX_CACHED_RULES) known.clear()
    known.set(entry.fileId, rules)
    return rules
  }
}

/** A version says itself what is secret in it, and the workspace may add to that; only the workspace can take it back. */
async function refuseUnencrypted(
  { store }: Workspace,
  { tip, have, read, options: { signal } }: PushHintsRequest,
  here: AttributeRules,
  rulesAt: RulesAt,
): Promise<void> {
  const secret: { path: string; commit: ObjectId }[] = []
  let count = 0
  for (const { id, commit } of await newCommits(store.read, { wanted: [tip], have, signal })) {
    const own = await rulesAt(commit.tree)
    if (![here, own].some((rules) => rules.valuesOf('encrypt').includes('yes'))) continue
    for await (const { path } of newFiles(read, commit, signal)) {
      const said = here.of(path).encrypt
      if (said === 'no' || (said !== 'yes' && own.of(path).encrypt !== 'yes')) continue
      count++
      if (secret.length < MAX_LISTED) secret.push({ path, commit: id })
    }
  }
  if (count > 0) throw new PushUnencryptedError(secret, count)
}

/** Files whose contents no parent has at their path. */
async function* newFiles(
  read: ReadObject,
  commit: { tree: ObjectId; parents: readonly ObjectId[] },
  signal: AbortSignal | undefined,
): AsyncGenerator<TreeEntry> {
  const parents: ObjectId[] = []
  for (const parent of commit.parents) parents.push((await readCommit(read, parent, { signal })).tree)
  const [first, ...others] = parents
  if (first === undefined) {
    yield* walkTree(read, commit.tree, { signal })
    return
  }
  for await (const { path, before, after } of diffTrees(read, first, commit.tree, { signal })) {
    if (!after || before?.fileId === after.fileId) continue
    let isNew = true
    for (const tree of others)
      if ((await findEntry(read, tree, path, { signal }))?.fileId === after.fileId) isNew = false
    if (isNew) yield after
  }
}

/** Of all paths of the version, because a push promises whatever packs it uses. */
async function longestPromise(
  { read, options: { signal } }: PushHintsRequest,
  tree: ObjectId,
  rules: readonly AttributeRules[],
): Promise<PushHints['retain']> {
  const asking = rules.filter((each) => each.valuesOf('retain').length > 0)
  const most = Math.max(0, ...asking.flatMap((each) => each.valuesOf('retain').map(epochsOf)))
  let longest: PushHints['retain'] = null
  if (most === 0) return longest
  for await (const { path } of walkTree(read, tree, { signal })) {
    for (const each of asking) {
      const { retain } = each.of(path)
      if (retain === undefined || epochsOf(retain) <= (longest?.epochs ?? 0)) continue
      longest = { epochs: epochsOf(retain), path }
      if (longest.epochs === most) return longest
    }
  }
  return longest
}

function epochsOf(value: string): number {
  return value === 'permanent' ? Number.POSITIVE_INFINITY : Number(value)
}

export interface Retained {
  /** Null: for ever. */
  epochs: number | null
  /** The path that asks for it. */
  path: string
  /** Epochs of storage that this push buys, if they are fewer: somebody has to renew. */
  paidEpochs?: number
}

const DEFAULT_RETAIN_EPOCHS = 2

/** Until when a push promises its packs, and what its result says about it where the command line did not decide. */
export function promiseOf(
  { retain }: PushHints,
  options: { retainEpochs?: number | undefined },
  { epochs, nowMs, state }: { epochs: number; nowMs: number; state: { epochDurationMs: number } },
): { retainUntilMs: number; retained?: Retained } {
  const asked = options.retainEpochs ?? Math.max(DEFAULT_RETAIN_EPOCHS, retain?.epochs ?? 0)
  const retainUntilMs = Math.min(nowMs + asked * state.epochDurationMs, MAX_TIME_MS)
  if (!retain || options.retainEpochs !== undefined) return { retainUntilMs }
  const isForEver = retain.epochs === Number.POSITIVE_INFINITY
  const retained: Retained = { epochs: isForEver ? null : retain.epochs, path: retain.path }
  if (retain.epochs > epochs) retained.paidEpochs = epochs
  return { retainUntilMs, retained }
}
