/** What is about to be staged, by path, in the memory it takes in the file: a million entries as objects are a gigabyte. */

import type { TreeEntry } from '../objects/tree.ts'
import { PathTable } from '../store/path-table.ts'
import { decodeStagedEntry, encodeStagedEntry } from '../store/staged-entry.ts'
import type { StagedChange } from '../store/staging.ts'

export interface AddedFile {
  path: string
  bytes: number
  status: 'added' | 'modified' | 'type-changed' | 'mode-changed'
}

/** By code; what is not to be told of has none. */
const STATUSES = [undefined, 'added', 'modified', 'type-changed', 'mode-changed'] as const

export class StagedTable implements Iterable<[string, TreeEntry | null]> {
  /** Of each path a status and an entry as in the file. */
  readonly #table = new PathTable()
  /** Number and size of what has a status. */
  files = 0
  bytes = 0

  get size(): number {
    return this.#table.size
  }

  /** @param entry - `null`: deleted
   *  @param status - for a file that is told of; at most once for a path */
  set(path: string, entry: TreeEntry | null, status?: AddedFile['status']): void {
    const encoded = encodeStagedEntry(entry)
    const payload = scratch.subarray(0, 1 + encoded.length)
    payload[0] = STATUSES.indexOf(status)
    payload.set(encoded, 1)
    this.#table.set(path, payload)
    if (!status || !entry) return
    this.files++
    this.bytes += entry.bytes
  }

  get(path: string): TreeEntry | null | undefined {
    const payload = this.#table.get(path)
    return payload ? decodeStagedEntry(path, payload.subarray(1)) : undefined
  }

  *[Symbol.iterator](): Generator<[string, TreeEntry | null]> {
    for (const { path, entry } of this.changes()) yield [path, entry]
  }

  /** In path order. */
  *changes(): Generator<StagedChange> {
    for (const [path, payload] of this.#table.sorted())
      yield { path, entry: decodeStagedEntry(path, payload!.subarray(1)) }
  }

  /** What has a status, in path order. */
  added(): AddedFile[] {
    const added: AddedFile[] = []
    for (const [path, payload] of this.#table.sorted()) {
      const status = STATUSES[payload![0]!]
      const entry = status && decodeStagedEntry(path, payload!.subarray(1))
      if (entry) added.push({ path, bytes: entry.bytes, status })
    }
    return added
  }

  /** Paths that are deleted, in order. */
  removed(): string[] {
    const removed: string[] = []
    for (const { path, entry } of this.changes()) if (!entry) removed.push(path)
    return removed
  }
}

/** Longer than any entry. */
const scratch = new Uint8Array(256)
