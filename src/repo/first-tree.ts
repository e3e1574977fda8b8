/** The tree of a first version, built while its files are still being read: the thread that decides what is new has time to
 *  spare until the last of them, and is alone with all that is left to do from then on. */

import type { ObjectId } from '../objects/id.ts'
import type { WriteObject } from '../objects/reader.ts'
import { comparePaths, TreeBuilder, type TreeEntry } from '../objects/tree.ts'
import { FoldedNames } from './name-warnings.ts'

export interface BuiltTree {
  readonly id: ObjectId
  /** Of all its paths. */
  readonly names: FoldedNames
}

/** Up to so many files: their nodes stay in memory, a path and some 45 bytes for each, until it is certain that all of them are needed. */
const MAX_FILES = 200_000

export class FirstTree {
  readonly #nodes: { id: ObjectId; bytes: Uint8Array }[] = []
  readonly #names = new FoldedNames()
  readonly #builder: TreeBuilder
  #waiting: TreeEntry[] = []
  #building: Promise<void> | undefined
  #previous = ''
  #files = 0
  #isGivenUp = false

  constructor() {
    this.#builder = new TreeBuilder(async (_kind, bytes, id) => {
      this.#nodes.push({ id: id!, bytes })
      return id!
    })
  }

  /** Takes the next file in path order. One that comes out of order, as after a large one, ends it: then the tree is built when
   *  all are known. */
  add(entry: TreeEntry): void {
    if (this.#isGivenUp) return
    const isNext = this.#files === 0 || comparePaths(this.#previous, entry.path) < 0
    if (!isNext || ++this.#files > MAX_FILES) {
      this.#giveUp()
      return
    }
    this.#previous = entry.path
    this.#waiting.push(entry)
    this.#building ??= this.#build()
  }

  /** Stores the tree. Undefined if it was given up, or there was nothing: then nothing is stored. */
  async finish(write: WriteObject): Promise<BuiltTree | undefined> {
    await this.#building
    if (this.#isGivenUp || this.#files === 0) return undefined
    const { id } = await this.#builder.finish()
    for (const node of this.#nodes.splice(0)) await write('tree', node.bytes, node.id)
    return { id, names: this.#names }
  }

  async #build(): Promise<void> {
    // Whoever adds many at once has added them by then.
    await undefined
    try {
      while (this.#waiting.length > 0) {
        const entries = this.#waiting
        this.#waiting = []
        for (const entry of entries) {
          this.#names.note(entry.path)
          const closing = this.#builder.add(entry)
          if (closing) await closing
        }
      }
    } catch {
      // What cannot stand in a tree is said when the tree is built of all: `a` and `a/b`, if `a` gave way while it was read.
      this.#giveUp()
    }
    this.#building = undefined
  }

  #giveUp(): void {
    this.#isGivenUp = true
    this.#waiting = []
    this.#nodes.length = 0
  }
}
