/** Proves that files are as the stat cache has them and that folders hold nothing else. Of a million files that leaves
 *  those that something has happened to; what that is, `inspector.ts` finds out.
 *
 *  For every record one stat; for every folder that records name one stat and one listing. Here and in what is imported
 *  there is little code, because threads load it; and what runs for each file calls built-in functions, which are fast
 *  from the first file on: most runs end before a loop over bytes would have been compiled. */

import { currentDirectory } from '../base/current-directory.ts'
import type { FileSystem } from '../store/file-system.ts'
import type { StatRecords } from '../store/stat-records.ts'
import { isOurs } from './own-names.ts'
import { DIFFERS, NO_FOLDER, type ProverEvent, type ProverKernel } from './prover-kernel.ts'

/** What is left to be looked at of a stretch of records. */
export interface Unproven {
  /** Places of records whose file is not as recorded, or not there. Ascending. */
  records: number[]
  /** Places, from and to, of records below a name that is no folder: they may have been met through a link. */
  hidden: [number, number][]
  /** Folders with names that no record is of; which ones, unless they are many or no text. */
  folders: { path: string; names: string[] | null }[]
}

/** A folder that records lie in. */
interface Level {
  /** With a slash at its end; empty for the root. */
  prefix: string
  /** Names in it that no record has named yet. Undefined where it could not be listed, or somebody else looks at it: who
   *  has the first record below it. */
  names: Set<string> | undefined
}

/** More names than this in one stretch are listed again by whoever looks at them. */
const MAX_NAMES = 4096
const isMac = process.platform === 'darwin'

export class Prover {
  readonly #fs: FileSystem
  /** With a slash at its end; empty if it is the working directory. */
  readonly #root: string
  readonly #records: StatRecords
  readonly #doubtful: readonly number[]
  readonly #kernel: ProverKernel | undefined
  readonly #levels: Level[] = []
  #left: Unproven = nothingLeft()
  #nameCount = 0

  /** @param doubtful - places of records that prove nothing, ascending
   *  @param kernel - of the same records and root, to look first */
  constructor(
    fs: FileSystem,
    root: string,
    records: StatRecords,
    doubtful: readonly number[],
    kernel?: ProverKernel | undefined,
  ) {
    this.#fs = fs
    // From where the user stands there is less of a path to be walked: a tenth of the time.
    this.#root = root !== '' && currentDirectory() === root ? '' : `${root}/`
    this.#records = records
    this.#doubtful = doubtful
    this.#kernel = kernel
  }

  /** Looks at records of `from` up to `to`, and at the folders that none before `from` lies in.
   *  @returns what it could not prove; undefined if that is nothing */
  prove(from: number, to: number): Unproven | undefined {
    this.#left = nothingLeft()
    this.#nameCount = 0
    const events = this.#kernel?.prove(from, to)
    if (events) this.#lookAgain(events, from, to)
    else this.#look(from, to)
    const { records, hidden, folders } = this.#left
    return records.length + hidden.length + folders.length > 0 ? this.#left : undefined
  }

  #look(from: number, to: number): void {
    this.#resume(from)
    const records = this.#records
    const doubtful = this.#doubtful
    let doubt = lowerBound(doubtful, from)
    let top = this.#levels.at(-1)!
    for (let index = from; index < to; index++) {
      const path = records.pathTextAt(index)
      const slash = path.lastIndexOf('/') + 1
      if (slash !== top.prefix.length || !path.startsWith(top.prefix)) top = this.#enter(path, slash, index)
      top.names?.delete(slash === 0 ? path : path.slice(slash))
      const isDoubtful = doubtful[doubt] === index
      if (isDoubtful) doubt++
      if (isDoubtful || !this.#isSame(index, path)) this.#left.records.push(index)
    }
    while (this.#levels.length > 0) this.#leave(to)
  }

  /** Where the kernel could prove nothing. */
  #lookAgain(events: readonly ProverEvent[], from: number, to: number): void {
    const doubtful = this.#doubtful
    let doubt = lowerBound(doubtful, from)
    const addDoubtful = (end: number) => {
      for (; doubt < doubtful.length && doubtful[doubt]! < end; doubt++) this.#left.records.push(doubtful[doubt]!)
    }
    for (const { kind, index, folderBytes } of events) {
      if (kind === DIFFERS) {
        addDoubtful(index)
        if (doubtful[doubt] === index) doubt++
        this.#left.records.push(index)
        continue
      }
      const folder = this.#records.pathBytesAt(index).toString('utf8', 0, folderBytes)
      if (kind === NO_FOLDER) this.#noteHidden(folder, index)
      else {
        this.#levels.push({ prefix: folder === '' ? '' : `${folder}/`, names: this.#list(folder) })
        this.#leave(index)
      }
    }
    addDoubtful(to)
  }

  #noteHidden(folder: string, index: number): void {
    this.#left.hidden.push([index, this.#end(`${folder}/`, index)])
    const name = folder.lastIndexOf('/') + 1
    this.#noteNames(folder.slice(0, name), [folder.slice(name)])
  }

  #isSame(index: number, path: string): boolean {
    const fs = this.#fs
    if (fs.quickStat) {
      const stat = fs.quickStat(this.#root + path)
      return stat !== undefined && this.#records.isSameQuick(index, stat)
    }
    try {
      const stat = fs.stat(this.#root + path)
      return stat !== undefined && this.#records.isSame(index, stat)
    } catch {
      return false // why, says whoever looks again
    }
  }

  /** The folders that the record before lies in are looked at by whoever has that one. */
  #resume(from: number): void {
    this.#levels.push({ prefix: '', names: from === 0 ? this.#list('') : undefined })
    if (from === 0) return
    const before = this.#records.pathTextAt(from - 1)
    for (let slash = before.indexOf('/'); slash >= 0; slash = before.indexOf('/', slash + 1))
      this.#levels.push({ prefix: before.slice(0, slash + 1), names: undefined })
  }

  /** Leaves and enters folders, until the one that a record lies in.
   *  @param length - of that folder with its slash */
  #enter(path: string, length: number, index: number): Level {
    let top = this.#levels.at(-1)!
    for (; !path.startsWith(top.prefix); top = this.#levels.at(-1)!) this.#leave(index)
    while (top.prefix.length < length) {
      const slash = path.indexOf('/', top.prefix.length)
      const folder = path.slice(0, slash)
      top.names?.delete(path.slice(top.prefix.length, slash))
      if (!this.#isFolder(folder)) this.#noteHidden(folder, index)
      top = { prefix: path.slice(0, slash + 1), names: this.#list(folder) }
      this.#levels.push(top)
    }
    return top
  }

  /** @param next - the first record that has not been looked at: it may lie below the folder still */
  #leave(next: number): void {
    const { prefix, names } = this.#levels.pop()!
    if (!names || names.size === 0) return
    const records = this.#records
    for (let index = next; index < records.count; ) {
      const path = records.pathTextAt(index)
      if (!path.startsWith(prefix)) break
      const slash = path.indexOf('/', prefix.length)
      names.delete(slash < 0 ? path.slice(prefix.length) : path.slice(prefix.length, slash))
      index = slash < 0 ? index + 1 : this.#end(path.slice(0, slash + 1), index)
    }
    const unknown = [...names].filter((name) => !isOurs(name))
    if (unknown.length > 0) this.#noteNames(prefix, unknown)
  }

  #noteNames(prefix: string, names: string[]): void {
    this.#nameCount += names.length
    const isText = !names.some((name) => name.includes('\ufffd'))
    this.#left.folders.push({
      path: prefix.slice(0, -1),
      names: isText && this.#nameCount <= MAX_NAMES ? names : null,
    })
  }

  #isFolder(path: string): boolean {
    const fs = this.#fs
    if (fs.quickStat) return ((fs.quickStat(this.#root + path)?.mode ?? 0) & FORMAT_BITS) === DIRECTORY
    try {
      return fs.stat(this.#root + path)?.kind === 'directory'
    } catch {
      return false
    }
  }

  #list(path: string): Set<string> | undefined {
    const fs = this.#fs
    try {
      const at = this.#root + path || '.'
      let names = fs.readNames ? fs.readNames(at) : fs.readTextDirectory?.(at)?.map(({ name }) => name)
      if (isMac) names = names?.map((name) => name.normalize('NFC'))
      if (names) return new Set(names)
    } catch {
      // Whoever looks again says why.
    }
    this.#left.folders.push({ path, names: null })
    return undefined
  }

  /** The first record after those below a folder, of which `index` is one. */
  #end(prefix: string, index: number): number {
    const records = this.#records
    const isBelow = (at: number) => at < records.count && records.pathTextAt(at).startsWith(prefix)
    let low = index
    let step = 1
    for (; isBelow(low + step); step *= 2) low += step
    let high = low + step
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (isBelow(middle)) low = middle
      else high = middle
    }
    return high
  }
}

/** As in every POSIX system, and in Node on Windows. */
const FORMAT_BITS = 0o170000
const DIRECTORY = 0o040000

/** Place of the first number at or above a limit, among ascending ones. */
function lowerBound(numbers: readonly number[], limit: number): number {
  let low = 0
  for (let high = numbers.length; low < high; ) {
    const middle = (low + high) >>> 1
    if (numbers[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low
}

function nothingLeft(): Unproven {
  return { records: [], hidden: [], folders: [] }
}
