/** `cherry-pick` and `revert`: what one version changed, done again or taken back. */

import { readCommit } from '../history/commits.ts'
import { UnbornError } from '../history/errors.ts'
import { resolveRevision } from '../history/revision.ts'
import type { Commit, CommitAuthor } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'
import { buildTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { configuredAuthor } from './commit.ts'
import { type Integrated, integrate } from './integrate.ts'
import { MainlineError } from './merge-errors.ts'
import { refuseOperation } from './operation.ts'
import type { OnProgress } from './progress.ts'
import { revertMessage } from './replay.ts'
import { readVersions, revisionSource } from './versions.ts'

export interface PickOptions {
  revision: string
  /** Of a merge: the parent, from 1, against which its changes count. */
  mainline?: number | undefined
  /** Of the new commit (default: of `cherry-pick` the old author, of `revert` `user.*` of the configuration). */
  author?: CommitAuthor | undefined
  message?: string | undefined
  /** Conflicts at or below these paths (`''` for all) are settled with that side. */
  ours?: readonly string[] | undefined
  theirs?: readonly string[] | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

/** Makes a commit on HEAD that changes what another commit changed.
 *  @throws {MainlineError} PICK_MAINLINE (exit 2)
 *  @throws {NothingToApplyError} PICK_NOTHING (exit 1), and what `integrate` throws */
export async function cherryPick(workspace: Workspace, options: PickOptions): Promise<Integrated> {
  return pick(workspace, 'cherry-pick', options)
}

/** Makes a commit on HEAD that takes back what another commit changed. Throws as `cherryPick` does. */
export async function revert(workspace: Workspace, options: PickOptions): Promise<Integrated> {
  return pick(workspace, 'revert', options)
}

async function pick(workspace: Workspace, kind: 'cherry-pick' | 'revert', options: PickOptions): Promise<Integrated> {
  return workspace.withLock(kind, async () => {
    refuseOperation(workspace)
    const { revision } = options
    const picked = await resolveRevision(await revisionSource(workspace), revision)
    const versions = await readVersions(workspace)
    if (!versions.head) throw new UnbornError('HEAD', workspace.refs.readHead())
    const commit = await readCommit(versions.read, picked)
    const before = await treeBefore(workspace, commit, options)
    const isPick = kind === 'cherry-pick'
    const request = {
      kind,
      theirs: picked,
      base: isPick ? before : commit.tree,
      theirsTree: isPick ? commit.tree : before,
      label: revision,
      parents: [versions.head],
      message: options.message ?? (isPick ? commit.message : revertMessage(commit.message, picked)),
      author: options.author ?? (isPick ? commit.author : configuredAuthor(workspace)),
    }
    return integrate(workspace, versions, request, options)
  })
}

/** The tree that a commit's changes count from. A first commit has changed all from nothing. */
export async function treeBefore(
  workspace: Workspace,
  commit: Commit,
  { revision, mainline }: Pick<PickOptions, 'revision' | 'mainline'>,
): Promise<ObjectId> {
  const { parents } = commit
  const isWrong = mainline === undefined ? parents.length > 1 : !parents[mainline - 1]
  if (isWrong) throw new MainlineError(revision, parents.length)
  const parent = parents[(mainline ?? 1) - 1]
  if (parent) return (await readCommit(workspace.store.read, parent)).tree
  const session = await workspace.store.begin()
  try {
    const empty = await buildTree([], session.put)
    await session.seal()
    return empty
  } finally {
    session.abort()
  }
}
