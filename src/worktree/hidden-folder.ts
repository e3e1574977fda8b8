/** A folder of a checkout that is made whole before anybody sees it, then renamed: to rename every file of it costs half as much
 *  again as to write it, and threads wait for each other at that (ADR 0078). */

import type { TreeEntry } from '../objects/tree-node.ts'
import { discardFolder, uniquePath } from '../store/atomic-file.ts'
import { type FileStat, FileSystemError } from '../store/file-system.ts'
import { nodeFs } from '../store/node-fs.ts'

export interface WriteAnswer {
  entry: TreeEntry
  /** What is there now; nothing if the file could not be put in its place. */
  stat: FileStat | undefined
}

export class HiddenFolder {
  /** Where it shall be, below the root. */
  readonly path: string
  readonly at: string
  #missing: number
  readonly #answers: WriteAnswer[] = []

  /** @param files - how many there will be */
  constructor(path: string, files: number, tmpDir: string) {
    this.path = path
    this.at = uniquePath(tmpDir, 'folder')
    this.#missing = files
    nodeFs.makeDirectory(this.at)
  }

  /** @returns the answers for all its files once there is one for each: then it is in its place, or gone */
  answer(answer: WriteAnswer, root: string): WriteAnswer[] {
    this.#answers.push(answer)
    this.#missing--
    if (this.#missing > 0) return []
    try {
      // Fails if there is a folder by now with anything in it, or a file.
      nodeFs.rename(this.at, `${root}/${this.path}`)
      return this.#answers
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error
      this.discard()
      return this.#answers.map(({ entry }) => ({ entry, stat: undefined }))
    }
  }

  discard(): void {
    discardFolder(nodeFs, this.at)
  }

  get isOpen(): boolean {
    return this.#missing > 0
  }
}
