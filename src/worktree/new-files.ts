/** Which files of a checkout its threads may write, and which of their folders are new as a whole. */

import type { TreeEntry } from '../objects/tree-node.ts'
import { foldedPath } from './folding.ts'
import { HiddenFolder } from './hidden-folder.ts'
import { mayBatch } from './write-pool.ts'

/** A file or link that shall be somewhere. */
export interface WantedFile {
  entry: TreeEntry
  /** There is nothing in its place. */
  isNew: boolean
  /** Nor is there the folder. */
  isFolderNew: boolean
}

/** A folder with more is not made whole before it is seen: a checkout that is cut off would have to begin it again. */
const MAX_FOLDER_FILES = 4096
const MAX_FOLDER_BYTES = 64 * 1024 * 1024

export class NewFiles {
  readonly #entries: ReadonlySet<TreeEntry>
  readonly #folders: ReadonlyMap<string, number>
  readonly #tmpDir: string
  /** The folder that was asked for last: its files come together. */
  #last: HiddenFolder | undefined

  /** @param wanted - all that shall be somewhere when the checkout is done and was not deleted by it */
  constructor(wanted: readonly WantedFile[], tmpDir: string) {
    this.#entries = batchable(wanted)
    this.#folders = newFolders(wanted, this.#entries)
    this.#tmpDir = tmpDir
  }

  get size(): number {
    return this.#entries.size
  }

  has(entry: TreeEntry): boolean {
    return this.#entries.has(entry)
  }

  /** The folder to write the file into, if it is one that nobody sees yet: made when its first file asks. */
  folderOf({ path }: TreeEntry): HiddenFolder | undefined {
    const folder = parentOf(path)
    const files = this.#folders.get(folder)
    if (files === undefined) return undefined
    if (this.#last?.path !== folder) this.#last = new HiddenFolder(folder, files, this.#tmpDir)
    return this.#last
  }
}

/** Small files where nothing is, under names that no other is taken for. */
function batchable(wanted: readonly WantedFile[]): ReadonlySet<TreeEntry> {
  const byName = new Map<string, TreeEntry | null>()
  for (const { entry, isNew } of wanted) {
    const name = foldedPath(entry.path)
    byName.set(name, isNew && mayBatch(entry) && !byName.has(name) ? entry : null)
  }
  return new Set([...byName.values()].filter((entry) => entry !== null))
}

/** Folders that hold such files only, and no folders, with their number of files. */
function newFolders(wanted: readonly WantedFile[], entries: ReadonlySet<TreeEntry>): ReadonlyMap<string, number> {
  const folders = new Map<string, { files: number; bytes: number; isWhole: boolean }>()
  let last: string | undefined
  for (const { entry, isFolderNew } of wanted) {
    const path = parentOf(entry.path)
    const folder = folders.get(path) ?? { files: 0, bytes: 0, isWhole: path !== '' }
    folder.files++
    folder.bytes += entry.bytes
    // A folder that was left and is come back to would be begun twice.
    if (!isFolderNew || !entries.has(entry) || (folder.files > 1 && last !== path)) folder.isWhole = false
    folders.set(path, folder)
    last = path
  }
  for (const path of [...folders.keys()])
    for (let above = parentOf(path); above !== ''; above = parentOf(above)) {
      const folder = folders.get(above)
      if (folder) folder.isWhole = false
    }
  const small = [...folders].filter(
    ([, { files, bytes, isWhole }]) => isWhole && files <= MAX_FOLDER_FILES && bytes <= MAX_FOLDER_BYTES,
  )
  return new Map(small.map(([path, { files }]) => [path, files]))
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
