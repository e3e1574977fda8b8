/** Refs and HEAD whose files are damaged: where they were, as far as their logs and the other refs tell, and writing them
 *  again. Nothing is guessed: what is done says why, and where nothing tells, a person has to. */

import { FloeError, IntegrityError, UsageError } from '../base/errors.ts'
import { switchTarget } from '../history/reflog-selector.ts'
import { resolveRevision } from '../history/revision.ts'
import { isObjectId, type ObjectId } from '../objects/id.ts'
import type { ReflogEntry } from '../store/reflog.ts'
import type { DamagedRef, Head } from '../store/refs.ts'
import type { Workspace } from '../store/workspace.ts'
import { revisionSource } from './versions.ts'

/** Where a damaged ref is to be put, and what tells so. */
export type Remedy = { $kind: 'commit'; commit: ObjectId; why: string } | { $kind: 'head'; head: Head; why: string }

export interface RefDamage extends DamagedRef {
  /** Null where nothing tells. */
  remedy: Remedy | null
}

export interface RepairedRef {
  name: string
  /** `branch main`, or a commit. */
  target: string
  why: string
}

/** Refs that an error names. */
const MAX_LISTED = 100
const REASON = 'fsck: put back'

/** Refs cannot be read (exit 13). */
export class RefDamageError extends IntegrityError {
  override name = 'RefDamageError'
  constructor(
    code: 'FSCK_REF_DAMAGED' | 'FSCK_REF_UNKNOWN',
    damage: readonly RefDamage[],
    branches: readonly string[],
  ) {
    const listed = damage.slice(0, MAX_LISTED)
    const [{ name, reason }] = damage as [RefDamage]
    const more = damage.length > 1 ? `, and ${damage.length - 1} more refs` : ''
    const isKnown = code === 'FSCK_REF_DAMAGED'
    super(code, `${shortName(name)} is damaged: ${reason}${more}${isKnown ? '' : '; nothing tells where it was'}`, {
      data: {
        refs: listed.map((ref) => ({ name: ref.name, reason: ref.reason, target: ref.remedy && targetOf(ref.remedy) })),
        count: damage.length,
        branches: branches.slice(0, MAX_LISTED),
      },
      hints: listed.map((ref) => adviceOn(ref, branches)),
    })
  }
}

/** What is to be typed about one. */
export function adviceOn({ name, remedy }: RefDamage, branches: readonly string[]): string {
  if (remedy) return `\`floe fsck --repair\` puts ${shortName(name)} back at ${targetOf(remedy)}, since ${remedy.why}`
  if (name !== 'HEAD')
    return `no log tells where ${shortName(name)} was: \`floe fsck --repair --ref ${name}=COMMIT\` puts it at a commit`
  const known = branches.length > 0 ? `; the branches are ${branches.slice(0, 5).join(', ')}` : ''
  return `nothing tells which branch HEAD was on: \`floe fsck --repair --ref HEAD=BRANCH\` puts it on one${known}`
}

/** What is damaged, with what is to be done about it. Reads only. */
export async function damagedRefs(workspace: Workspace): Promise<{ damage: RefDamage[]; branches: string[] }> {
  const found = workspace.refs.damaged()
  if (found.length === 0) return { damage: [], branches: [] }
  const commits = new Map<string, ObjectId | null>()
  const remedies = new Map<string, Remedy | null>()
  const isDamaged = new Set(found.map(({ name }) => name))
  for (const name of new Set([...workspace.refs.names(), ...found.map((ref) => ref.name)])) {
    if (name === 'HEAD') continue
    if (!isDamaged.has(name)) commits.set(name, workspace.refs.read(name))
    else {
      const remedy = await remedyFor(workspace, name, isDamaged.has('HEAD') ? null : workspace.refs.readHead())
      remedies.set(name, remedy)
      commits.set(name, remedy?.commit ?? null)
    }
  }
  const branches = [...commits.keys()].filter((name) => name.startsWith('heads/')).map(branchOf)
  if (isDamaged.has('HEAD'))
    remedies.set(
      'HEAD',
      await remedyForHead(workspace, new Map(branches.map((branch) => [branch, commits.get(`heads/${branch}`)!]))),
    )
  return { damage: found.map((ref) => ({ ...ref, remedy: remedies.get(ref.name) ?? null })), branches }
}

/** Puts damaged refs back, HEAD last. Takes the workspace lock.
 *  @param chosen - `HEAD=BRANCH`, `heads/main=COMMIT`: where those go of which nothing tells
 *  @throws {RefDamageError} FSCK_REF_UNKNOWN (exit 13) if nothing tells of one; the others are put back then
 *  @throws {UsageError} FSCK_REF_CHOICE (exit 2) */
export async function repairRefs(
  workspace: Workspace,
  chosen: readonly string[] = [],
  onPutBack?: (ref: RepairedRef) => void,
): Promise<RepairedRef[]> {
  return workspace.withLock('fsck', async () => {
    const { damage, branches } = await damagedRefs(workspace)
    const choices = await readChoices(workspace, chosen, damage, branches)
    const decided = damage.map((ref) => ({ ...ref, remedy: choices.get(ref.name) ?? ref.remedy }))
    const repaired: RepairedRef[] = []
    const left: RefDamage[] = []
    for (const ref of decided.sort((a, b) => Number(a.name === 'HEAD') - Number(b.name === 'HEAD'))) {
      const { name, remedy } = ref
      const last = logOf(workspace, name)[0]?.new ?? null
      // A branch that is damaged itself must be whole first.
      const isBlocked = remedy?.$kind === 'head' && left.some((other) => isOn(remedy.head, other.name))
      if (!remedy || isBlocked) {
        left.push(ref)
        continue
      }
      if (remedy.$kind === 'head') await workspace.refs.putBackHead(remedy.head, last, REASON)
      else await workspace.refs.putBack(name, remedy.commit, last, REASON)
      const done = { name, target: targetOf(remedy), why: remedy.why }
      repaired.push(done)
      onPutBack?.(done)
    }
    if (left.length > 0) throw new RefDamageError('FSCK_REF_UNKNOWN', left, branches)
    return repaired
  })
}

async function readChoices(
  workspace: Workspace,
  chosen: readonly string[],
  damage: readonly RefDamage[],
  branches: readonly string[],
): Promise<Map<string, Remedy>> {
  const choices = new Map<string, Remedy>()
  for (const choice of chosen) {
    const at = choice.indexOf('=')
    const [name, target] = [choice.slice(0, at), choice.slice(at + 1)]
    const refuse = (why: string) => new UsageError('FSCK_REF_CHOICE', `--ref ${choice}: ${why}`, { data: { choice } })
    if (at <= 0 || target === '') throw refuse('write NAME=COMMIT, or HEAD=BRANCH')
    const damaged = damage.find((ref) => ref.name === name)
    if (!damaged) throw refuse(`${name} is not damaged`)
    const why = 'you said so'
    if (name === 'HEAD' && branches.includes(target))
      choices.set(name, { $kind: 'head', head: { $kind: 'branch', branch: target }, why })
    else {
      const commit = await resolveRevision(await revisionSource(workspace), target).catch((error: unknown) => {
        if (!(error instanceof FloeError)) throw error
        throw refuse(error.message)
      })
      if (name === 'HEAD') choices.set(name, { $kind: 'head', head: { $kind: 'detached', commit }, why })
      else choices.set(name, { $kind: 'commit', commit, why })
    }
  }
  return choices
}

async function remedyFor(workspace: Workspace, name: string, head: Head | null) {
  const last = logOf(workspace, name)[0]?.new
  if (last && (await isHere(workspace, last)))
    return { $kind: 'commit', commit: last, why: 'its log ends there' } as const
  if (!head || !isOn(head, name)) return null
  const lastHead = logOf(workspace, 'HEAD')[0]?.new
  if (!lastHead || !(await isHere(workspace, lastHead))) return null
  return { $kind: 'commit', commit: lastHead, why: 'HEAD is on it, and the log of HEAD ends there' } as const
}

/** @param branches - with the commits that they are at, or will be */
async function remedyForHead(
  workspace: Workspace,
  branches: ReadonlyMap<string, ObjectId | null>,
): Promise<Remedy | null> {
  const log = logOf(workspace, 'HEAD')
  const last = log[0]?.new ?? null
  const onBranch = (branch: string, why: string): Remedy => ({ $kind: 'head', head: { $kind: 'branch', branch }, why })
  const atCommit = async (commit: ObjectId | null, why: string): Promise<Remedy | null> =>
    commit && (await isHere(workspace, commit)) ? { $kind: 'head', head: { $kind: 'detached', commit }, why } : null
  // A rebase that waits for conflicts to be settled has left its branch.
  if (log[0]?.reason.startsWith('rebase') && workspace.fs.stat(`${workspace.floeDir}/operation`))
    return atCommit(last, 'a rebase is in progress, and the log of HEAD ends there')
  const target = lastTarget(log)
  const knows = (branch: string) => logOf(workspace, `heads/${branch}`).some((entry) => entry.new === last)
  if (target !== undefined && branches.has(target) && (branches.get(target) === last || knows(target)))
    return onBranch(target, 'its log says that it was switched there')
  if (target !== undefined && isObjectId(target))
    return atCommit(last, 'its log says that it was on no branch, and ends there')
  const there = [...branches].filter(([, commit]) => commit !== null && commit === last).map(([branch]) => branch)
  if (there.length === 1) return onBranch(there[0]!, 'it is the only branch at the commit where the log of HEAD ends')
  const [only, ...others] = branches.keys()
  if (only !== undefined && others.length === 0) return onBranch(only, 'it is the only branch')
  // As `floe init` makes it.
  if (only === undefined && log.length === 0) return onBranch('main', 'there is no commit on any branch yet')
  return null
}

/** What the log of HEAD last said of a switch, under the name that it has now. */
function lastTarget(log: readonly ReflogEntry[]): string | undefined {
  const renamed = new Map<string, string>()
  for (const { reason } of log) {
    const target = switchTarget(reason)
    if (target !== undefined) return renamed.get(target) ?? target
    const [, from, to] = /^branch: renamed (\S+) to (\S+)$/.exec(reason) ?? []
    if (from !== undefined && to !== undefined) renamed.set(from, renamed.get(to) ?? to)
  }
  return undefined
}

/** Newest first; empty where it cannot be read. */
function logOf(workspace: Workspace, name: string): ReflogEntry[] {
  try {
    return workspace.refs.reflog(name)
  } catch (error) {
    if (error instanceof FloeError && error.kind === 'integrity') return []
    throw error
  }
}

async function isHere({ store }: Workspace, commit: ObjectId): Promise<boolean> {
  try {
    await store.readLocal('commit', commit)
    return true
  } catch (error) {
    // Damaged is here too: it may be repaired.
    if (error instanceof FloeError && error.kind === 'integrity') return store.has('commit', commit)
    throw error
  }
}

function isOn(head: Head, name: string): boolean {
  return head.$kind === 'branch' && name === `heads/${head.branch}`
}

function targetOf(remedy: Remedy): string {
  if (remedy.$kind === 'commit') return `commit ${remedy.commit.slice(0, 12)}`
  return remedy.head.$kind === 'branch' ? `branch ${remedy.head.branch}` : `commit ${remedy.head.commit.slice(0, 12)}`
}

function branchOf(name: string): string {
  return name.slice('heads/'.length)
}

/** `main` for `heads/main`, as in all that people read. */
function shortName(name: string): string {
  if (name.startsWith('heads/')) return `branch ${branchOf(name)}`
  return name.startsWith('tags/') ? `tag ${name.slice('tags/'.length)}` : name
}
