/** What Floe does with files that hold chunks, so that none of its commands destroys the last copy of one: recording them,
 *  setting one aside before its place is taken, putting one back, renaming. Under the workspace lock.
 *
 *  Lists are written before files move and taken away after, so a power cut leaves a list too many and none too few. */

import type { ObjectId } from '../objects/id.ts'
import { isAtOrBelow } from '../objects/path.ts'
import { discard, uniquePath } from './atomic-file.ts'
import { HeldChangedError, HeldTooLargeError } from './errors.ts'
import { type FileStat, isErrno } from './file-system.ts'
import { HeldBatch, syncParents } from './held-batch.ts'
import type { HeldDraft, HeldFiles } from './held-files.ts'
import {
  factsOfStat,
  type HeldChunk,
  type HeldFacts,
  type HeldList,
  HeldRecords,
  isAsListed,
  MAX_HELD_CHUNKS,
} from './held-list.ts'
import { copyFile, hashOf, syncFile } from './whole-file.ts'

/** A file of the user's whose chunks were found, and that shall hold them. */
export interface FileToHold {
  path: string
  fileId: ObjectId
  /** What was seen before and after it was read. */
  stat: FileStat
  /** The file system's clock before that: a younger file's stat proves nothing. */
  stampNs: bigint
  /** In the order of the file. */
  chunks: readonly { id: ObjectId; bytes: number }[]
}

/** What holding a file came to. */
export interface HeldResult {
  path: string
  /** Floe keeps a copy that shares the file's bytes, so later changes to the file do not matter. */
  isCopied: boolean
  /** Chunks of earlier versions that the file held and holds no more, and nothing here does. */
  lost: number
}

/** True if a pack gives the chunk: it is read, since this decides whether the file may go. */
export type InPacks = (id: ObjectId) => Promise<boolean>

export class HeldKeeper {
  readonly #held: HeldFiles
  readonly #inPacks: InPacks

  constructor(held: HeldFiles, inPacks: InPacks) {
    this.#held = held
    this.#inPacks = inPacks
  }

  /** True if no file is held, so that none can be in the way, nor be brought back. */
  async isIdle(): Promise<boolean> {
    return (await this.#held.lists()).length === 0
  }

  /** True if a pack gives the chunk. */
  isPacked(id: ObjectId): Promise<boolean> {
    return this.#inPacks(id)
  }

  /** Records files as what holds their chunks; durable when it returns, the files' bytes too.
   *  @throws {HeldChangedError} STORE_HELD_CHANGED
   *  @throws {HeldTooLargeError} STORE_HELD_TOO_LARGE (exit 2) */
  async hold(files: readonly FileToHold[]): Promise<HeldResult[]> {
    const results: HeldResult[] = []
    const batch = new HeldBatch(this.#held)
    for (const file of files) results.push(await this.#holdOne(file, batch))
    await batch.flush()
    return results
  }

  async #holdOne(file: FileToHold, batch: HeldBatch): Promise<HeldResult> {
    const { path, stat, fileId, chunks, stampNs } = file
    if (chunks.length > MAX_HELD_CHUNKS) throw new HeldTooLargeError(path, chunks.length, MAX_HELD_CHUNKS)
    const held = this.#held
    const { fs, root } = held
    held.closeFiles()
    const before = await held.listsAt(path)
    const absolute = `${root}/${path}`
    // What is in no pack has to be on the device before a commit may count on it.
    await syncFile(fs, absolute)
    batch.noteParents(path)
    const copy = await this.#cloned(absolute, fileId)
    if (!isSame(stat, fs.stat(absolute))) throw new HeldChangedError(path)
    // Nothing but what changes a copy moves its times: they may be as young as they are.
    const times = copy === null ? factsOfStat(stat, stampNs) : factsOfCopy(fs.stat(held.copyPath(copy))!)
    const facts: HeldFacts = { path, copy, fileId, ...times }
    const records = new HeldRecords(chunks.length)
    let offset = 0
    for (const { id, bytes } of chunks) {
      records.add({ id, offset, bytes, state: 'held' })
      offset += bytes
    }
    const own = new Set<string>()
    if (before.length > 0) for (const { id } of chunks) own.add(id)
    const lost = await this.#carryOver(before, records, own)
    await batch.add({ facts, records: records.sorted() }, before)
    return { path, isCopied: copy !== null, lost }
  }

  /** Chunks of earlier lists of the same file that it still has where they were, and those that it has no more. */
  async #carryOver(before: readonly HeldList[], records: HeldRecords, own: ReadonlySet<string>): Promise<number> {
    if (before.length === 0) return 0
    const met = new Set<string>()
    let lost = 0
    for (const list of before)
      for (const chunk of list.chunks()) {
        const { id, state } = chunk
        if (own.has(id) || met.has(id) || (await this.#inPacks(id))) continue
        met.add(id)
        if (this.#held.readChunk(list, chunk)) records.add({ ...chunk, state: state === 'lost' ? 'held' : state })
        else if (state !== 'certified') {
          records.add({ ...chunk, state: 'lost' })
          if (state !== 'lost') lost++
        }
      }
    return lost
  }

  /** A copy that shares the bytes, where the file system can; null elsewhere. */
  async #cloned(absolute: string, fileId: ObjectId): Promise<string | null> {
    const { fs, dir, tmpDir } = this.#held
    if (!fs.shareBytes) return null
    fs.makeDirectory(dir)
    const unfinished = uniquePath(tmpDir, 'clone')
    if (!fs.shareBytes(absolute, unfinished)) return null
    try {
      await syncFile(fs, unfinished)
      fs.rename(unfinished, this.#held.copyPath(fileId))
    } catch (error) {
      discard(fs, unfinished)
      throw error
    }
    await fs.syncDirectory(dir)
    return fileId
  }

  /** Called before a file is replaced or deleted. If it is the only one to hold a chunk, it gets a second name where nobody
   *  but Floe changes it, and goes on holding it under that.
   *  @throws {StoreCorruptError} STORE_HELD_CORRUPT (exit 13) if a list cannot be read: it may be the one of this file */
  async keep(path: string): Promise<void> {
    const held = this.#held
    await held.assertWhole()
    const lists = await held.listsAt(path)
    // Where no file is, none is lost by what takes its place.
    const stat = lists.length === 0 ? undefined : held.fs.stat(`${held.root}/${path}`)
    if (stat?.kind !== 'file') return
    held.closeFiles()
    const { records, kept } = await this.#whatIsLeft(lists)
    const facts: HeldFacts = { ...lists[0]!.facts, isSettled: false }
    if (kept === 0) {
      // What was lost stays noted: whoever misses it is told where it was.
      await held.change(records.count > 0 ? [{ facts, records: records.sorted() }] : [], lists)
      return
    }
    const copy = held.freeCopyName(lists[0]!.name)
    // Until its own name is gone, somebody may still change the file by it, and its times tell.
    await held.change([{ facts: { ...facts, ...factsOfCopy(stat), copy }, records: records.sorted() }], [])
    await this.#setAside(`${held.root}/${path}`, held.copyPath(copy))
    await held.change([], await held.listsAt(path))
  }

  /** Chunks of lists of one file that must stay: with those that the file has lost, as such. */
  async #whatIsLeft(lists: readonly HeldList[]) {
    const held = this.#held
    const records = new HeldRecords()
    let kept = 0
    for (const list of lists) {
      const isWhole = isAsListed(list, held.statOf(list))
      for (const chunk of list.chunks()) {
        const { id, state } = chunk
        if (state === 'certified' || (await this.#inPacks(id))) continue
        const isHere = (isWhole && state === 'held') || held.readChunk(list, chunk) !== undefined
        records.add({ ...chunk, state: isHere ? 'held' : 'lost' })
        if (isHere) kept++
      }
    }
    return { records, kept }
  }

  /** A second name for the file, so that its own never points to nothing; a copy where there can be none. */
  async #setAside(from: string, to: string): Promise<void> {
    const { fs, dir, tmpDir } = this.#held
    try {
      fs.link(from, to)
    } catch (error) {
      if (!isErrno(error, 'EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES')) throw error
      const unfinished = uniquePath(tmpDir, 'kept')
      await copyFile(fs, from, unfinished)
      fs.rename(unfinished, to)
    }
    await fs.syncDirectory(dir)
  }

  /** Puts a whole file where a version wants it, out of a copy that is this very file: shares its bytes where the file
   *  system can; else the copy itself goes there, and the file holds its chunks again.
   *  @param mayReplace - asked right before it takes its place; may throw
   *  @returns false where there is none: then the file has to be written from its chunks */
  async bringBack(
    file: { path: string; fileId: ObjectId; bytes: number; executable: boolean },
    mayReplace: () => Promise<void> = async () => undefined,
  ): Promise<boolean> {
    const held = this.#held
    const { fs, root, tmpDir } = held
    for (const list of await held.lists()) {
      const { copy, fileId, bytes } = list.facts
      if (copy === null || fileId !== file.fileId || bytes !== file.bytes) continue
      const source = held.copyPath(copy)
      const target = `${root}/${file.path}`
      const clone = uniquePath(tmpDir, 'clone')
      const isCloned = fs.shareBytes?.(source, clone) ?? false
      try {
        if (!isCloned && !fs.stat(source)) continue
        if ((await hashOf(fs, isCloned ? clone : source, file.bytes)) !== file.fileId) continue
        fs.setExecutable(isCloned ? clone : source, file.executable)
        if (isCloned) {
          await mayReplace()
          await this.keep(file.path)
          fs.rename(clone, target)
          return true
        }
      } catch (error) {
        // Another device is mounted there, or a folder is in the way: whoever writes it from chunks deals with that.
        if (!isErrno(error, 'EXDEV', 'EISDIR', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw error
        continue
      } finally {
        if (isCloned) discard(fs, clone)
      }
      if (await this.#moveBack(list, source, file.path, mayReplace)) return true
    }
    return false
  }

  async #moveBack(list: HeldList, source: string, path: string, mayReplace: () => Promise<void>): Promise<boolean> {
    const held = this.#held
    const { fs, root } = held
    const target = `${root}/${path}`
    // Several lists may name a copy; then it stays.
    if ((await held.lists()).filter(({ facts }) => facts.copy === list.facts.copy).length > 1) return false
    await mayReplace()
    await this.keep(path)
    const records = new HeldRecords()
    const own = new Set<string>()
    for (const chunk of list.chunks()) {
      records.add(chunk)
      own.add(chunk.id)
    }
    const before = await held.listsAt(path)
    await this.#carryOver(before, records, own)
    const facts: HeldFacts = { ...list.facts, path, copy: null, isSettled: false }
    const made = await held.change([{ facts, records: records.sorted() }], before)
    held.closeFiles()
    // A folder that is new may be gone after a power cut, and with it the only copy, were it in there already.
    await syncParents(held, [path])
    try {
      fs.rename(source, target)
    } catch (error) {
      if (!isErrno(error, 'EXDEV', 'EISDIR', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw error
      await held.change([], made)
      return false
    }
    await syncParents(held, [path])
    await fs.syncDirectory(held.dir)
    await held.change([], [list])
    return true
  }

  /** Called before files are renamed: from then on either name will do.
   *  @returns to be called once they have been */
  async renaming(moves: readonly { from: string; to: string }[]): Promise<() => Promise<void>> {
    const held = this.#held
    await held.assertWhole()
    const drafts: HeldDraft[] = []
    const old: HeldList[] = []
    for (const list of await held.lists()) {
      const { path, copy } = list.facts
      const move = copy === null ? moves.find(({ from }) => isAtOrBelow(path, from)) : undefined
      if (!move) continue
      const records = new HeldRecords()
      for (const chunk of list.chunks()) records.add(chunk)
      old.push(list)
      drafts.push({
        facts: { ...list.facts, path: move.to + path.slice(move.from.length), isSettled: false },
        records: records.sorted(),
      })
    }
    if (old.length === 0) return async () => {}
    const made = await held.change(drafts, [])
    return async () => {
      held.closeFiles()
      await syncParents(
        held,
        made.map(({ facts }) => facts.path),
      )
      await held.change(
        [],
        old.filter(({ name }) => !made.some((list) => list.name === name)),
      )
    }
  }

  /** Notes the stats of files that have been found to be as they were, so that nobody reads them to find out again. */
  async settle(proven: readonly { list: HeldList; stat: FileStat; stampNs: bigint }[]): Promise<void> {
    const held = this.#held
    const known = new Map((await held.lists()).map((list) => [list.name, list]))
    for (const { list: seen, stat, stampNs } of proven) {
      const times = factsOfStat(stat, stampNs)
      const list = known.get(seen.name)
      if (!list || !times.isSettled) continue
      const records = new HeldRecords()
      for (const chunk of list.chunks()) records.add(chunk)
      await held.change([{ facts: { ...list.facts, ...times }, records: records.sorted() }], [list])
    }
  }

  /** Changes what lists say of their chunks.
   *  @param next - null: the list shall not have the chunk any more
   *  @returns how many lists were written anew or taken away */
  async revise(next: (chunk: HeldChunk, list: HeldList) => HeldChunk['state'] | null): Promise<number> {
    const held = this.#held
    const batch = new HeldBatch(held)
    let revised = 0
    for (const list of await held.lists()) {
      const records = new HeldRecords()
      let isChanged = false
      for (const chunk of list.chunks()) {
        const state = next(chunk, list)
        isChanged ||= state !== chunk.state
        if (state !== null) records.add({ ...chunk, state })
      }
      if (!isChanged) continue
      await batch.add(records.count > 0 ? { facts: list.facts, records: records.sorted() } : null, [list])
      revised++
    }
    await batch.flush()
    return revised
  }
}

/** A copy is made of a file at rest, and its times are compared, not trusted: whoever reads it hashes it. */
function factsOfCopy(stat: FileStat) {
  return { ...factsOfStat(stat, 0n), isSettled: true }
}

function isSame(a: FileStat, b: FileStat | undefined): boolean {
  return (
    b?.kind === 'file' &&
    a.bytes === b.bytes &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.inode === b.inode
  )
}
