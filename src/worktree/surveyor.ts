/** The walk against the records of the stat cache, in stretches that threads can share: what matches its record is passed
 *  over, so that of a million files only those come out that something has happened to. */

import type { FileStat, FileSystem } from '../store/file-system.ts'
import type { StatRecords } from '../store/stat-cache.ts'
import { type ScanItem, Walk } from './scan.ts'

/** Something on disk that does not match a record, or a record that nothing on disk was found for. */
export interface Finding {
  /** Place of the record of that path, or -1. */
  index: number
  item?: ScanItem
}

/** What a thread is given. */
export interface SurveyJob {
  root: string
  records: Uint8Array
  doubtful: number[]
  control: Int32Array
  perStretch: number
  stretches: number
}

/** What it answers: `null` where this thread had better look itself. */
export interface SurveyAnswer {
  stretch: number
  findings: Finding[] | null
}

/** Places in `control`: the next stretch to be drawn, and how many have been taken from here. */
export const NEXT = 0
export const TAKEN = 1
/** Stretches that may be looked at ahead of the one that is wanted: bounds what lies here if nothing matches. */
export const AHEAD = 64

export class Surveyor {
  readonly #fs: FileSystem
  readonly #root: string
  readonly #records: StatRecords
  readonly #doubtful: ReadonlySet<number>
  readonly #perStretch: number
  #walk: Walk
  #last = -1

  /** @param doubtful - places of records that prove nothing
   *  @param perStretch - records of a stretch */
  constructor(fs: FileSystem, root: string, records: StatRecords, doubtful: ReadonlySet<number>, perStretch: number) {
    this.#fs = fs
    this.#root = root
    this.#records = records
    this.#doubtful = doubtful
    this.#perStretch = perStretch
    this.#walk = new Walk(fs, root)
  }

  /** Findings of one stretch in path order; cheapest if stretches ascend. */
  look(stretch: number): Finding[] {
    const records = this.#records
    if (stretch <= this.#last) this.#walk = new Walk(this.#fs, this.#root)
    this.#last = stretch
    let index = stretch * this.#perStretch
    const end = Math.min(index + this.#perStretch, records.count)
    const found: Finding[] = []
    const from = stretch === 0 ? '' : records.pathAt(index)
    const to = end < records.count ? records.pathAt(end) : undefined
    for (const item of this.#walk.between(from, to)) {
      let order = 1
      for (; index < end; index++) {
        order = records.comparePathAt(index, item.path)
        if (order >= 0) break
        found.push({ index })
      }
      if (index === end || order !== 0) found.push({ index: -1, item })
      else {
        if (item.$kind === 'problem' || !this.#isSame(index, item.stat)) found.push({ index, item })
        index++
      }
    }
    for (; index < end; index++) found.push({ index })
    return found
  }

  #isSame(index: number, stat: FileStat): boolean {
    return !this.#doubtful.has(index) && this.#records.isSame(index, stat)
  }
}
