/** Taking back refs that came from elsewhere and are kept below a name: of an import, or a bundle. */

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
  const tags = updated.filter(({ ref, old }) => ref.startsWith('tags/') && old === null)
  const canForget = isWhole && !isRemote
  return {
    undo: [
      ...(below.length > 0 && canForget ? [floeCommand('import', '--forget', name)] : []),
      ...tags.map(({ ref }) => floeCommand('tag', '-d', ref.slice('tags/'.length))),
    ],
    notUndone: below.length > 0 && !canForget ? [leftText(name, below)] : [],
  }
}

function leftText(name: string, below: readonly UpdatedRef[]): string {
  const moved = below.find(({ old }) => old !== null)
  const left = `the branches below ${name}/ stay where they are now; your own have not moved`
  if (!moved?.old) return left
  const short = moved.ref.slice('remotes/'.length)
  return `${left}: ${short} was at ${shortId(moved.old)}, which \`${floeCommand('branch', 'NAME', shortId(moved.old))}\` keeps`
}
