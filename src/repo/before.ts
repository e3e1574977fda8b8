/** What stood at paths before a verb replaced it, and where else that is: so that nobody is told that something is lost which
 *  a version has, nor that something comes back which none has. */

import type { ObjectId } from '../objects/id.ts'
import { comparePaths } from '../objects/path.ts'
import type { ReadObject } from '../objects/reader.ts'
import { findEntry, sameEntry, type TreeEntry, walkTree } from '../objects/tree.ts'
import type { FileStat } from '../store/file-system.ts'
import type { Staging } from '../store/staging.ts'
import type { Workspace } from '../store/workspace.ts'
import { compareWithTree } from '../worktree/compare.ts'
import { PathGuard } from '../worktree/guard.ts'
import { type LocalFiles, localFileId, tracksExecutableBit } from '../worktree/local-file.ts'
import { RulesOnTheWay } from '../worktree/rules-on-the-way.ts'
import { soundOperation } from './operation.ts'
import { isSelected } from './paths.ts'
import { localFiles, readVersions, type Versions } from './versions.ts'

export interface PathBefore {
  path: string
  /** The file: none, as staged, as in HEAD but not as staged, or in neither. */
  file: 'none' | 'staged' | 'head' | 'nowhere'
  /** What was staged: as in HEAD; other contents, those of the file; a deletion, of a file that stays; contents that neither has. */
  staged: 'head' | 'file' | 'untracked' | 'nowhere'
  inHead: boolean
  /** Whether it could be executed, as far as it was a file: on disk, as staged, in HEAD. */
  executable: { file?: boolean | undefined; staged?: boolean | undefined; head?: boolean | undefined }
  /** What is staged of it is that bit alone, of the contents that HEAD has. */
  isModeStaged: boolean
  /** That it cannot be staged again without force: `.floeignore` excludes what is there. */
  isIgnored: boolean
}

/** Under the lock, before anything is changed. */
export async function pathsBefore(
  workspace: Workspace,
  { read, headTree, staging }: Versions,
  paths: readonly string[],
): Promise<PathBefore[]> {
  const files = localFiles(workspace)
  const guard = new PathGuard(workspace.fs, workspace.root)
  const rules = new RulesOnTheWay(workspace.fs, workspace.root)
  const headAt = await lookup(read, headTree, paths)
  const before: PathBefore[] = []
  for (const path of paths) {
    const inHead = await headAt(path)
    const change = staging.get(path)
    const inStaging = change === undefined ? inHead : (change ?? undefined)
    const stat = guard.stat(path)
    const [asStaged, asHead] = stat ? await onDisk(files, stat, [inStaging, inHead]) : []
    const file = !stat ? 'none' : asStaged ? 'staged' : asHead ? 'head' : 'nowhere'
    const staged = stagedAs(inHead, inStaging, file)
    const isIgnored = staged === 'file' && file !== 'none' && rules.excludes(path)
    const executable = { file: bitOf(stat), staged: bitOf(inStaging), head: bitOf(inHead) }
    const isModeStaged = staged !== 'head' && inStaging !== undefined && inHead?.fileId === inStaging.fileId
    before.push({ path, file, staged, inHead: inHead !== undefined, executable, isModeStaged, isIgnored })
  }
  return before
}

function bitOf(there: { kind: FileStat['kind']; executable: boolean } | undefined): boolean | undefined {
  return tracksExecutableBit && there?.kind === 'file' ? there.executable : undefined
}

function stagedAs(
  inHead: TreeEntry | undefined,
  inStaging: TreeEntry | undefined,
  file: PathBefore['file'],
): PathBefore['staged'] {
  const isAsInHead = inHead && inStaging ? sameEntry(inHead, inStaging) : inHead === inStaging
  if (isAsInHead) return 'head'
  if (inStaging) return file === 'staged' ? 'file' : 'nowhere'
  return file === 'none' ? 'file' : 'untracked'
}

/** From so many paths on, all of a tree is walked rather than each of them looked up. */
const MANY = 1000

async function lookup(
  read: ReadObject,
  tree: ObjectId,
  paths: readonly string[],
): Promise<(path: string) => TreeEntry | undefined | Promise<TreeEntry | undefined>> {
  if (paths.length < MANY) return (path) => findEntry(read, tree, path)
  const wanted = new Set(paths)
  const found = new Map<string, TreeEntry>()
  for await (const entry of walkTree(read, tree)) if (wanted.has(entry.path)) found.set(entry.path, entry)
  return (path) => found.get(path)
}

/** For each entry, whether the file on disk has its contents: a mode bit alone is no work that could be lost. */
async function onDisk(
  files: LocalFiles,
  stat: FileStat,
  entries: readonly (TreeEntry | undefined)[],
): Promise<boolean[]> {
  const isPossible = (entry: TreeEntry | undefined): entry is TreeEntry =>
    entry?.kind === stat.kind && (entry.kind === 'symlink' || entry.bytes === stat.bytes)
  const possible = entries.find(isPossible)
  // Read at most once, and only if it could be one of them.
  const id = possible && (await localFileId(files, possible.path, stat))
  return entries.map((entry) => isPossible(entry) && entry.fileId === id)
}

/** Paths whose contents go when files and staging are brought to a tree by force, and are neither in HEAD nor in that, nor came
 *  with an operation in progress. To be told of what gives way. */
export function lostBy(workspace: Workspace, { read, headTree, staging }: Versions, target: ObjectId) {
  const files = localFiles(workspace)
  const lost = new Set<string>()
  const brought = operationContents(workspace)
  return {
    async onOverwrite(path: string, stat: FileStat): Promise<void> {
      const known = [await findEntry(read, headTree, path), ...(await brought(read, path))]
      if (!(await onDisk(files, stat, known)).includes(true)) lost.add(path)
    },
    /** What gave way. */
    overwritten: (): string[] => [...lost].sort(comparePaths),
    /** With what was only staged, and is not in the file either. To be asked once all is done. */
    async paths(): Promise<string[]> {
      const guard = new PathGuard(workspace.fs, workspace.root)
      for (const { path, entry } of staging.changes()) {
        if (!entry) continue
        const known = [await findEntry(read, target, path), ...(await brought(read, path))]
        if (known.some((other) => other && sameEntry(other, entry))) continue
        const stat = guard.stat(path)
        const [isInFile] = stat ? await onDisk(files, stat, [entry]) : []
        if (!isInFile) lost.add(path)
      }
      return [...lost].sort(comparePaths)
    },
  }
}

/** What an operation in progress, if there is one, has put at a path, or has to offer for it: none of it is anybody's work.
 *  Of a damaged record nothing is known. */
function operationContents(workspace: Workspace) {
  const operation = soundOperation(workspace)
  const conflicts = new Map(operation?.conflicts.map((conflict) => [conflict.path, conflict]))
  return async (read: ReadObject, path: string): Promise<(TreeEntry | undefined)[]> => {
    if (!operation) return []
    const { ours, theirs, shown } = conflicts.get(path) ?? {}
    const merged = await findEntry(read, operation.tree, path)
    return [merged, ours ?? undefined, theirs ?? undefined, shown ?? undefined]
  }
}

/** True if something is staged at these paths; none means everywhere. */
export function hasStaged(staging: Staging, paths: readonly string[]): boolean {
  for (const path of staging.paths()) if (isSelected(path, paths)) return true
  return false
}

/** True if something is staged, or a tracked file is not as staged.
 *  @param withUntracked - or a file is there that is not tracked */
export async function hasChanges(workspace: Workspace, withUntracked = false): Promise<boolean> {
  const files = localFiles(workspace)
  const { staging, read, stagedTree } = await readVersions(workspace, files.settled)
  if (staging.count > 0) return true
  for await (const { $kind } of compareWithTree(files, read, stagedTree, { changesOnly: true }))
    if (withUntracked || $kind !== 'untracked') return true
  return false
}
