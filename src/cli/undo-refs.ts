/** Taking back refs that came from elsewhere and are kept below a name: of an import, or a bundle. */

import { refsOfImport } from '../repo/import.ts'
import type { Workspace } from '../store/workspace.ts'
import { floeCommand, shortId } from './undo.ts'
import type { PathUndo } from './undo-paths.ts'

export interface UpdatedRef {
  ref: string
  old: string | null
  new: string
}

/** What is new can be forgotten, all of a name at once; of what has moved, the place where it was can be named. */
export function undoOfRefs(workspace: Workspace, name: string, updated: readonly UpdatedRef[]): PathUndo {
  const prefix = `remotes/${name}/`
  const below = updated.filter(({ ref }) => ref.startsWith(prefix))
  const isRemote = Object.hasOwn(workspace.readConfig().remotes ?? {}, name) || name.includes('/')
  const isWhole = below.every(({ old }) => old === null) && workspace.refs.list(prefix).length === below.length
  const head = workspace.refs.readHead()
  const current = head.$kind === 'branch' ? `heads/${head.branch}` : null
  const made = updated.filter(({ ref, old }) => !ref.startsWith('remotes/') && old === null).map(({ ref }) => ref)
  const others = made.filter((ref) => ref !== current)
  const canForget = isWhole && !isRemote && below.length > 0
  // Those of an earlier import under this name would go as well.
  const forgetsAll =
    canForget &&
    others.length > 0 &&
    String(refsOfImport(workspace, name).map(({ ref }) => ref)) === String(made.toSorted())
  return {
    undo: [
      ...(canForget ? [floeCommand('import', '--forget', name, ...(forgetsAll ? ['--all'] : []))] : []),
      ...(forgetsAll ? [] : others.map(removalOf)),
    ],
    notUndone: below.length > 0 && !canForget ? [leftText(name, below)] : [],
  }
}

function removalOf(ref: string): string {
  const short = ref.replace(/^(heads|tags)\//, '')
  return ref.startsWith('tags/') ? floeCommand('tag', '-d', short) : floeCommand('branch', '-f', '-d', short)
}

function leftText(name: string, below: readonly UpdatedRef[]): string {
  const moved = below.find(({ old }) => old !== null)
  const left = `the branches below ${name}/ stay where they are now; your own have not moved`
  if (!moved?.old) return left
  const short = moved.ref.slice('remotes/'.length)
  return `${left}: ${short} was at ${shortId(moved.old)}, which \`${floeCommand('branch', 'NAME', shortId(moved.old))}\` keeps`
}
