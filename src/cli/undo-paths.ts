/** How verbs that change paths are taken back: paths of one fate under one command. */

import type { PathBefore } from '../repo/before.ts'
import type { OperationKind } from '../repo/merge-errors.ts'
import { typedPath } from '../repo/paths.ts'
import type { Workspace } from '../store/workspace.ts'
import type { Result } from './command.ts'
import type { Context } from './context.ts'
import { formatCount } from './text.ts'
import { pathWords, shellCommand } from './undo.ts'

export type PathUndo = Required<Pick<Result, 'undo' | 'notUndone'>>

/** Commands for all that was changed, each with its paths. */
export interface PathGroups {
  /** Each the command without its paths, such as `floe add`, in the order they are to be typed. */
  commands(): [words: string, paths: string[]][]
  /** Of whose uncommitted contents nothing else is here. */
  lost: readonly string[]
}

/** Paths that are named one by one. */
const MAX_NAMED = 20
const MAX_LOST_NAMED = 3

/** @param typed - what the user named, if a command for that does the same as one for each of the paths */
export function undoOfPaths(
  context: Context,
  workspace: Workspace,
  { commands, lost }: PathGroups,
  typed: readonly string[] | undefined,
): PathUndo {
  const groups = commands()
  const count = groups.reduce((sum, [, paths]) => sum + paths.length, 0)
  const notUndone = lostLines(lost)
  if (count <= MAX_NAMED) {
    const shown = (paths: readonly string[]) => paths.map((path) => typedPath(workspace, context.cwd, path))
    return { undo: groups.map(([words, paths]) => commandOf(words, shown(paths))), notUndone }
  }
  // Deleting, adding by force, or changing bits of what is named would take more than these paths.
  const isOne = groups.length === 1 && !/^rm|^chmod|--force/.test(groups[0]![0])
  if (typed && isOne) {
    const [words] = groups[0]!
    const more = words === 'floe add' ? ['it also stages what else has changed at these paths'] : []
    return { undo: [commandOf(words, typed)], notUndone: [...notUndone, ...more] }
  }
  const each = groups.map(([words, paths]) => `\`${words} PATH\` for ${formatCount(paths.length, 'path')}`)
  return { undo: [], notUndone: [...notUndone, `no single command undoes it: ${each.join(', ')}`] }
}

function commandOf(words: string, paths: readonly string[]): string {
  return shellCommand(...words.split(' '), ...pathWords(paths))
}

/** What is said of contents that neither HEAD nor staging has. */
export function lostLines(paths: Iterable<string>): string[] {
  const all = [...paths]
  if (all.length === 0) return []
  const named = all.slice(0, MAX_LOST_NAMED).join(', ') + (all.length > MAX_LOST_NAMED ? ', …' : '')
  return [
    `uncommitted contents of ${formatCount(all.length, 'path')} (${named}) were thrown away: unless another version has them, they cannot be brought back`,
  ]
}

/** What is said of a merge, or the like, that a command has put an end to. */
export function endedLines(ended: OperationKind | null): string[] {
  return ended ? [`the ${ended} that was in progress has ended, and what was settled of it is gone`] : []
}

/** What has to come before what, whatever the path. */
type Stage = 'bring' | 'bit-to-stage' | 'stage' | 'last'
const STAGES: readonly Stage[] = ['bring', 'bit-to-stage', 'stage', 'last']

/** Collects paths under commands. */
export function pathGroups() {
  const stages = new Map(STAGES.map((stage) => [stage, new Map<string, string[]>()]))
  const lost: string[] = []
  return {
    commands: () => STAGES.flatMap((stage) => [...stages.get(stage)!]),
    lost,
    add(words: string, path: string, stage: Stage = 'bring'): void {
      const commands = stages.get(stage)!
      const paths = commands.get(words)
      if (paths) paths.push(path)
      else commands.set(words, [path])
    },
  }
}

type Groups = ReturnType<typeof pathGroups>

/** Back to the file that was replaced, while staging stays as it is.
 *  @param isFromStaging - what replaced it was staged */
export function undoFile(groups: Groups, before: PathBefore, isFromStaging: boolean): void {
  const { path, file, executable } = before
  if (file === 'none') groups.add('rm', path, 'last')
  else if (file === 'staged') {
    // From staging it got the same contents: it differed by its bit.
    if (!isFromStaging) groups.add('floe restore', path)
    undoBit(groups, before, executable.staged)
  } else if (file === 'head') {
    groups.add('floe restore --source HEAD', path)
    undoBit(groups, before, executable.head)
  } else groups.lost.push(path)
}

/** Back to what was staged, while the file stays as it is. */
export function undoStaged(groups: Groups, before: PathBefore): void {
  const { path, staged } = before
  if (staged === 'head') groups.add('floe restore --staged', path)
  else if (staged === 'file') stageAgain(groups, before, before.executable.file)
  else if (staged === 'untracked') groups.add('floe rm --cached', path)
  else if (hasOnlyBit(before)) undoFromHead(groups, before, true)
  else groups.lost.push(path)
}

/** A bit is staged of a file that is not there: it is brought for as long as that takes. */
export const hasOnlyBit = ({ file, isModeStaged }: PathBefore): boolean => isModeStaged && file === 'none'

/** Back to both. */
export function undoBoth(groups: Groups, before: PathBefore): void {
  const { path, file, staged } = before
  if (staged === 'file' && file === 'none') groups.add('floe rm', path)
  else if (staged === 'head' || before.isModeStaged) undoFromHead(groups, before, file === 'staged')
  else groups.lost.push(path)
}

/** Back to a file, and to what was staged of it, where nothing is left of either. */
export function undoRemoved(groups: Groups, before: PathBefore): void {
  const { path, file, staged, inHead, isModeStaged } = before
  if (isModeStaged) {
    undoFromHead(groups, before, true)
    return
  }
  const isLost = staged !== 'head' || file === 'nowhere'
  if (isLost) groups.lost.push(path)
  if (!inHead) return
  groups.add(`floe restore --staged${file === 'none' ? '' : ' --worktree'}`, path)
  if (!isLost) undoBit(groups, before, before.executable.head)
}

/** Where HEAD has the contents of what was staged. */
function undoFromHead(groups: Groups, before: PathBefore, withFile: boolean): void {
  const { path, file, isModeStaged, executable } = before
  groups.add(`floe restore --staged${withFile || isModeStaged ? ' --worktree' : ''}`, path)
  if (isModeStaged) stageAgain(groups, before, executable.head)
  else if (file === 'staged') undoBit(groups, before, executable.head)
  if (file === 'none') groups.add('rm', path, 'last')
  else if (file !== 'staged') groups.lost.push(path)
}

/** @param now - the bit that the file has when it is to be staged */
function stageAgain(groups: Groups, { path, isIgnored, executable }: PathBefore, now: boolean | undefined): void {
  const { file, staged } = executable
  if (staged !== undefined && staged !== now) groups.add(chmod(staged), path, 'bit-to-stage')
  groups.add(isIgnored ? 'floe add --force' : 'floe add', path, 'stage')
  if (file !== undefined && staged !== undefined && file !== staged) groups.add(chmod(file), path, 'last')
}

/** @param now - the bit that comes back with the contents */
function undoBit(groups: Groups, { path, executable: { file } }: PathBefore, now: boolean | undefined): void {
  if (file !== undefined && now !== undefined && file !== now) groups.add(chmod(file), path, 'last')
}

const chmod = (executable: boolean) => (executable ? 'chmod +x' : 'chmod -x')
