/** A priority queue of commits: newest first, and among equal times the one that was found first. A binary heap. */

import type { Commit } from '../objects/commit.ts'
import type { ObjectId } from '../objects/id.ts'

export interface QueuedCommit {
  id: ObjectId
  commit: Commit
}

interface Slot extends QueuedCommit {
  order: number
}

export class CommitQueue {
  readonly #heap: Slot[] = []
  #order = 0

  get size(): number {
    return this.#heap.length
  }

  push({ id, commit }: QueuedCommit): void {
    this.#heap.push({ id, commit, order: this.#order++ })
    let at = this.#heap.length - 1
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!isBefore(this.#heap[at]!, this.#heap[parent]!)) break
      this.#swap(at, parent)
      at = parent
    }
  }

  pop(): QueuedCommit | undefined {
    const [top] = this.#heap
    const last = this.#heap.pop()
    if (!top || !last || this.#heap.length === 0) return top
    this.#heap[0] = last
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      const right = left + 1
      let first = at
      if (left < this.#heap.length && isBefore(this.#heap[left]!, this.#heap[first]!)) first = left
      if (right < this.#heap.length && isBefore(this.#heap[right]!, this.#heap[first]!)) first = right
      if (first === at) return top
      this.#swap(at, first)
      at = first
    }
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = kept
  }
}

function isBefore(a: Slot, b: Slot): boolean {
  if (a.commit.timeMs !== b.commit.timeMs) return a.commit.timeMs > b.commit.timeMs
  return a.order < b.order
}
