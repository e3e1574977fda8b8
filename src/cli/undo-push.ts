/** What of a push can be taken back: where a branch is, and later the storage. */

import type { DeletedBranch } from '../repo/delete-branch-there.ts'
import type { PushResult } from '../repo/push.ts'
import { defaultRemote } from '../repo/reading-remote.ts'
import type { Workspace } from '../store/workspace.ts'
import { floeCommand, shortId } from './undo.ts'
import type { PathUndo } from './undo-paths.ts'

export async function undoPush(workspace: Workspace, result: PushResult, remote: string): Promise<PathUndo> {
  if (result.$kind !== 'pushed') return { undo: [], notUndone: [] }
  const { ref, old, packs, cost } = result
  const name = ref.replace(/^(heads|tags)\//, '')
  const isTag = ref.startsWith('tags/')
  const isHere = old !== null && (await workspace.store.has('commit', old as Parameters<Workspace['store']['has']>[1]))
  const canMove = !isTag && isHere
  const stays = isTag
    ? [`${name} is published for good: a tag of a remote neither moves nor goes`]
    : old === null
      ? []
      : canMove
        ? []
        : [
            `${name} was at ${shortId(old)} there: \`floe fetch\` does not bring that back, so no command here moves it back`,
          ]
  const elsewhere = remote === defaultRemote(workspace) ? [] : [remote]
  const sent = packs.filter(({ reused }) => !reused).length
  return {
    undo: canMove
      ? back(workspace, name, result, remote)
      : old === null && !isTag
        ? [floeCommand('push', ...elsewhere, '--delete', name)]
        : [],
    notUndone: [
      ...stays,
      ...(sent > 0
        ? [
            `what was sent can be read by all who have the address, and is paid for until ${cost.endDate}; \`${floeCommand('gc', '--remote', ...elsewhere)}\` gives storage back that no branch or tag needs`,
          ]
        : []),
    ],
  }
}

/** A branch that is pushed again at the same version is as before: its packs are still there. */
export async function undoDeletion(
  workspace: Workspace,
  { ref, old, remote }: Pick<DeletedBranch, 'ref' | 'old' | 'remote'>,
): Promise<PathUndo> {
  const name = ref.slice('heads/'.length)
  const here = workspace.refs.read(ref)
  if (here !== old && !(await workspace.store.has('commit', old)))
    return { undo: [], notUndone: [`${shortId(old)} is not here, so no command here pushes it again`] }
  const push = floeCommand('push', ...(remote === defaultRemote(workspace) ? [] : [remote]), name)
  if (here === old) return { undo: [push], notUndone: [] }
  if (here === null)
    return {
      undo: [floeCommand('branch', name, shortId(old)), push, floeCommand('branch', '-f', '-d', name)],
      notUndone: [],
    }
  return { undo: lent(workspace, name, { to: old, back: here }, push), notUndone: [] }
}

/** A push sends the branch of its own name, so that is lent to it for a moment. */
function back(workspace: Workspace, name: string, { old, new: next }: PushResult, remote: string): string[] {
  const elsewhere = remote === defaultRemote(workspace) ? [] : ['--remote', remote]
  return lent(workspace, name, { to: old!, back: next }, floeCommand('push', '--force', ...elsewhere, name))
}

function lent(workspace: Workspace, name: string, place: { to: string; back: string }, push: string): string[] {
  const head = workspace.refs.readHead()
  const move = (to: string) =>
    head.$kind === 'branch' && head.branch === name
      ? floeCommand('reset', '--soft', shortId(to))
      : floeCommand('branch', '-f', name, shortId(to))
  return [move(place.to), push, move(place.back)]
}
