/** Finds out what has happened where the prover could prove nothing. In path order, and no further ahead than asked: ten
 *  million new files beside a small settled tree are walked, not gathered. */

import { FloeError } from '../base/errors.ts'
import { comparePaths } from '../objects/path.ts'
import type { FileKind, FileSystem } from '../store/file-system.ts'
import type { StatRecords } from '../store/stat-records.ts'
import type { IgnoreRules } from './ignore-rules.ts'
import type { Unproven } from './prover.ts'
import { RulesOnTheWay } from './rules-on-the-way.ts'
import { type ScanItem, Walk } from './scan.ts'

/** Something on disk that does not match a record, or a record that nothing on disk was found for. */
export interface Finding {
  /** Place of the record of that path, or -1. */
  index: number
  item?: ScanItem
}

/** A walk that has not ended. */
interface Pending {
  /** Of what it yields next, or no later. */
  path: string
  walk: Iterator<ScanItem, undefined>
  head?: ScanItem | undefined
}

export class Inspector {
  readonly #fs: FileSystem
  readonly #root: string
  readonly #records: StatRecords
  readonly #rules: RulesOnTheWay
  /** By path. */
  #pending: Pending[] = []
  /** Records below what is no folder, from the one that is next. */
  #hidden: [number, number][] = []
  /** Path of the item that was yielded last. */
  #last: string | undefined

  constructor(fs: FileSystem, root: string, records: StatRecords) {
    this.#fs = fs
    this.#root = root
    this.#records = records
    this.#rules = new RulesOnTheWay(fs, root)
  }

  /** True if something is to be looked at before that record, though its own stretch be proven. */
  isBusy(to: number): boolean {
    return this.#hidden.length > 0 || this.#isBefore(this.#pending[0], this.#bound(to))
  }

  /** What there is to say before the record at `to`. Stretches must ascend and adjoin.
   *  @param unproven - what is left of the stretch that ends there */
  *upTo(to: number, unproven: Unproven | undefined): Generator<Finding> {
    const records = this.#records
    const suspects = this.#suspects(to, unproven)
    this.#addFolders(unproven?.folders ?? [])
    this.#addFiles(suspects)
    let next = 0
    for (const item of this.#items(this.#bound(to))) {
      let order = 1
      for (; next < suspects.length; next++) {
        order = records.comparePathAt(suspects[next]!, item.path)
        if (order >= 0) break
        yield { index: suspects[next]! }
      }
      if (next < suspects.length && order === 0) yield { index: suspects[next++]!, item }
      else if (records.comparePathAt(records.lowerBound(item.path), item.path) !== 0) yield { index: -1, item }
    }
    for (; next < suspects.length; next++) yield { index: suspects[next]! }
  }

  #bound(to: number): string | undefined {
    return to < this.#records.count ? this.#records.pathAt(to) : undefined
  }

  /** Places of the records of this stretch that prove nothing. */
  #suspects(to: number, unproven: Unproven | undefined): number[] {
    this.#hidden.push(...(unproven?.hidden ?? []))
    if (this.#hidden.length === 0) return unproven?.records ?? []
    const suspects = new Set(unproven?.records)
    for (const range of this.#hidden) for (; range[0] < Math.min(range[1], to); range[0]++) suspects.add(range[0])
    this.#hidden = this.#hidden.filter(([from, end]) => from < end)
    return [...suspects].sort((a, b) => a - b)
  }

  #addFolders(folders: Unproven['folders']): void {
    for (const { path, names } of folders) {
      const rules = this.#rulesOf(path)
      if (!rules) continue
      if (names) this.#add(path, rules, names)
      else {
        const walk = Walk.ofUnknown(this.#fs, this.#root, path, rules, (at, kind) => this.#isRecorded(at, kind))
        this.#pending.push({ path, walk })
      }
    }
  }

  /** Those of one folder together. */
  #addFiles(suspects: readonly number[]): void {
    let folder: string | undefined
    let names: string[] = []
    const add = () => {
      const rules = folder === undefined ? undefined : this.#rulesOf(folder)
      if (folder !== undefined && rules) this.#add(folder, rules, names)
    }
    for (const index of suspects) {
      const path = this.#records.pathAt(index)
      const slash = path.lastIndexOf('/')
      const its = slash < 0 ? '' : path.slice(0, slash)
      if (its !== folder) {
        add()
        folder = its
        names = []
      }
      names.push(path.slice(slash + 1))
    }
    add()
    this.#pending.sort((a, b) => comparePaths(a.path, b.path))
  }

  #add(folder: string, rules: IgnoreRules, names: readonly string[]): void {
    const walk = Walk.ofNames(this.#fs, this.#root, folder, rules, names)
    this.#pending.push({ path: folder, walk })
  }

  /** Rules that hold in a folder; undefined if nothing in it counts. If they cannot be read, that is an item. */
  #rulesOf(folder: string): IgnoreRules | undefined {
    try {
      return this.#rules.of(folder)
    } catch (error) {
      if (!(error instanceof FloeError)) throw error
      this.#pending.push({ path: folder, walk: [{ $kind: 'problem' as const, path: folder, error }].values() })
      return undefined
    }
  }

  /** True for a record's file, and for a folder of some record's. */
  #isRecorded(path: string, kind: FileKind): boolean {
    const records = this.#records
    if (records.comparePathAt(records.lowerBound(path), path) === 0) return true
    if (kind !== 'directory') return false
    const next = records.lowerBound(`${path}/`)
    return next < records.count && records.pathAt(next).startsWith(`${path}/`)
  }

  #isBefore(pending: Pending | undefined, bound: string | undefined): pending is Pending {
    return pending !== undefined && (bound === undefined || comparePaths(pending.path, bound) < 0)
  }

  *#items(bound: string | undefined): Generator<ScanItem> {
    for (let first = this.#pending[0]; this.#isBefore(first, bound); first = this.#pending[0]) {
      const { head } = first
      if (head) {
        first.head = undefined
        // What is no folder any more is met twice where its own folder had to be listed again.
        if (head.path !== this.#last) yield head
        this.#last = head.path
        continue
      }
      const { done, value } = first.walk.next()
      this.#pending.shift()
      if (done) continue
      const path = value.path
      let place = 0
      while (place < this.#pending.length && comparePaths(this.#pending[place]!.path, path) < 0) place++
      this.#pending.splice(place, 0, { path, walk: first.walk, head: value })
    }
  }
}
