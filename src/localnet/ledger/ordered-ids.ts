/** A set of object ids that is read in id order, page by page. Sorting is put off until somebody reads. */
export class OrderedIds {
  readonly #ids = new Set<string>()
  #sorted: string[] | undefined

  get size(): number {
    return this.#ids.size
  }

  add(id: string): void {
    if (this.#ids.has(id)) return
    this.#ids.add(id)
    this.#sorted = undefined
  }

  delete(id: string): void {
    if (this.#ids.delete(id)) this.#sorted = undefined
  }

  /** All ids greater than `after`, ascending. The result must not be changed. */
  after(after?: string): readonly string[] {
    this.#sorted ??= [...this.#ids].sort()
    if (after === undefined) return this.#sorted
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sorted[middle]! <= after) low = middle + 1
      else high = middle
    }
    return this.#sorted.slice(low)
  }
}
