/** `push` of several refs: one after another, as each moves in a transaction of its own. One that the remote refuses keeps
 *  none of the others back; what would meet the others as well ends it. */

import { FloeError } from '../base/errors.ts'
import type { ObjectId } from '../objects/id.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { type PushOptions, type PushResult, push, pushBudget } from './push.ts'
import { findLocalTarget, type LocalTarget } from './push-target.ts'
import { defaultRemote } from './reading-remote.ts'
import { chainRefName, readRemote } from './remote.ts'
import { openRemoteContext } from './remote-context.ts'

export interface PushSeveralOptions extends Omit<PushOptions, 'ref' | 'revive' | 'repack' | 'budget' | 'brought'> {
  /** Branches and tags, short or full. */
  refs: readonly string[]
}

export interface PushedSeveral {
  /** In the order in which they were made: branches before tags, newer commits before older ones. */
  pushes: PushResult[]
  /** Tags that the remote has at the same commit. */
  standing: string[]
  refused: { ref: string; error: FloeError }[]
}

/** What concerns one ref and none of the others. */
const OF_ONE_REF: ReadonlySet<string> = new Set(['PUSH_STALE', 'TAG_IMMUTABLE', 'FORCE_FORBIDDEN'])

/** Full names of all branches or all tags of a workspace. */
export function allRefs(workspace: Workspace, of: { branches?: boolean | undefined; tags?: boolean | undefined }) {
  const names = (prefix: 'heads/' | 'tags/') => workspace.refs.list(prefix).map(({ name }) => name)
  return [...(of.branches ? names('heads/') : []), ...(of.tags ? names('tags/') : [])]
}

/** Nothing is sent unless all the refs are here.
 *  @param dir - a directory inside the workspace
 *  @throws {UsageError} REF_UNKNOWN (exit 2)
 *  @throws {FloeError} what ended it, with `pushed` and `left` among its data if some refs were pushed before */
export async function pushSeveral(dir: string, options: PushSeveralOptions): Promise<PushedSeveral> {
  const { refs, create, ...shared } = options
  const { targets, there } = await look(dir, options)
  const several: PushedSeveral = { pushes: [], standing: [], refused: [] }
  const { pushes, standing, refused } = several
  const budget = pushBudget(options)
  for (const [at, { ref, commit }] of targets.entries()) {
    if (ref.startsWith('tags/') && there.get(chainRefName(ref)) === commit) {
      standing.push(ref)
      continue
    }
    const brought = pushes.filter(({ $kind }) => $kind === 'pushed').map((result) => result.new as ObjectId)
    // The first one makes the repository, and the others find it. Where nothing is sent, there is none.
    const making = brought.length === 0 ? create : undefined
    try {
      pushes.push(await push(dir, { ...shared, ref, create: making, budget, brought }))
    } catch (error) {
      if (!(error instanceof FloeError)) throw error
      if (OF_ONE_REF.has(error.code)) refused.push({ ref, error })
      else throw endedAt(error, several, targets.slice(at))
    }
  }
  return several
}

/** The refs as they are here, and where the remote has those of their names. */
async function look(dir: string, options: PushSeveralOptions) {
  await using workspace = await openWorkspace(dir)
  const byName = new Map<string, LocalTarget>()
  for (const name of options.refs) {
    const target = await findLocalTarget(workspace, name)
    byName.set(target.ref, target)
  }
  const targets = [...byName.values()].sort(firstFirst)
  const remoteName = options.remote ?? defaultRemote(workspace)
  if (!Object.hasOwn(workspace.readConfig().remotes ?? {}, remoteName)) return { targets, there: new Map() }
  const remote = readRemote(workspace, remoteName)
  const reader = (await openRemoteContext(remote.network, options)).repository(remote.repository)
  const rows = await reader.fetchRefs(await reader.fetchState(options), options)
  return { targets, there: new Map(rows.map(({ name, commit }) => [name, commit])) }
}

/** What older versions need is then there already. Claimed times may lie: then a push sends what the next one would have. */
function firstFirst(a: LocalTarget, b: LocalTarget): number {
  const isTag = ({ ref }: LocalTarget) => Number(ref.startsWith('tags/'))
  return isTag(a) - isTag(b) || b.record.timeMs - a.record.timeMs || (a.ref < b.ref ? -1 : 1)
}

/** Says how far it got: who repeats it pays for none of that again. */
function endedAt(error: FloeError, { pushes, refused }: PushedSeveral, rest: readonly LocalTarget[]): FloeError {
  const pushed = pushes.filter(({ $kind }) => $kind === 'pushed').map(({ ref }) => ref)
  if (pushed.length === 0 && refused.length === 0) return error
  const left = rest.map(({ ref }) => ref)
  const { kind, code, data, hints, retryable, cause } = error
  const done = pushed.length > 0 ? [`${listed(pushed)} went there before that, and stays`] : []
  const were = refused.map(({ ref, error: { message } }) => `${ref} was refused: ${message}`)
  return new FloeError(kind, code, error.message, {
    data: { ...data, pushed, left, refused: refused.map(({ ref }) => ref) },
    hints: [...hints, ...done, ...were, `${listed(left)} did not: the same command goes on`],
    retryable,
    cause,
  })
}

const MAX_LISTED = 5

function listed(refs: readonly string[]): string {
  const rest = refs.length - MAX_LISTED
  return refs.slice(0, MAX_LISTED).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
