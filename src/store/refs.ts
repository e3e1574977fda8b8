/** Branches, tags and what is known of remotes: one small file per ref, replaced atomically, moved by compare-and-set.
 *
 *  Names are relative to `refs/`: `heads/main`, `tags/v1`, `remotes/origin/main`. A line carries a check over name and
 *  id, because a flipped digit of an id is an id too. Whoever writes holds the workspace lock. */

import { dirname } from 'node:path'
import { fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { sha256 } from '../crypto/hash.ts'
import { type ObjectId, parseObjectId } from '../objects/id.ts'
import { assertRefName } from '../objects/ref-name.ts'
import { ensureDirectory, replaceFile } from './atomic-file.ts'
import { clearFolder } from './cache-file.ts'
import { RefChangedError, RefNameTakenError, StoreCorruptError } from './errors.ts'
import { type FileSystem, isErrno } from './file-system.ts'
import {
  appendReflog,
  copyReflog,
  deleteReflog,
  type ReflogEntry,
  readReflog,
  rewriteReflog,
  salvageReflog,
} from './reflog.ts'

/** Where HEAD points: a branch (which may not exist yet), or a commit. */
export type Head = { $kind: 'branch'; branch: string } | { $kind: 'detached'; commit: ObjectId }

export interface RefUpdate {
  name: string
  /** Where the ref must be now: `null` = must not exist, `undefined` = anywhere. */
  expected?: ObjectId | null
  /** `null` deletes it. */
  next: ObjectId | null
  /** For the reflog, one line. */
  reason: string
}

export interface RefRecord {
  name: string
  id: ObjectId
}

/** A ref, or HEAD, whose file is not what was written. */
export interface DamagedRef {
  name: string
  reason: string
}

/** A log of which some lines could not be read. */
export interface SalvagedLog {
  /** Of the ref, or `HEAD`. */
  name: string
  lost: number
}

const MAX_REF_FILE_BYTES = 1024
/** Deeper than any valid name of 200 bytes. */
const MAX_REF_DEPTH = 128

export class RefStore {
  readonly #fs: FileSystem
  readonly #dir: string
  readonly #clock: Clock
  /** For those who look names up: told of one that a branch and a tag have. */
  readonly onAmbiguous: ((name: string) => void) | undefined

  constructor(fs: FileSystem, floeDir: string, clock: Clock, onAmbiguous?: (name: string) => void) {
    this.#fs = fs
    this.#dir = floeDir
    this.#clock = clock
    this.onAmbiguous = onAmbiguous
  }

  /** @throws {StoreCorruptError} STORE_REF_CORRUPT */
  read(name: string): ObjectId | null {
    assertRefName(name)
    const line = this.#readLine(this.#path(name))
    return line === undefined ? null : parseRefLine(this.#path(name), name, line)
  }

  /** Refs below a prefix such as `heads/`, sorted by name. */
  list(prefix = ''): RefRecord[] {
    const found: RefRecord[] = []
    for (const name of this.names(prefix)) {
      const id = this.read(name)
      if (id) found.push({ name, id })
    }
    return found
  }

  /** Those whose files are not what was written, HEAD first, then by name. */
  damaged(): DamagedRef[] {
    const found: DamagedRef[] = []
    const look = (name: string, read: () => unknown) => {
      try {
        read()
      } catch (error) {
        if (!(error instanceof StoreCorruptError)) throw error
        found.push({ name, reason: String(error.data.reason) })
      }
    }
    look('HEAD', () => this.readHead())
    for (const name of this.names()) look(name, () => this.read(name))
    for (const { name } of this.lost()) found.push({ name, reason: 'it is missing' })
    return found
  }

  /** Refs that are gone although their logs say where they are: a ref that is deleted loses its log first. */
  lost(): RefRecord[] {
    const known = new Set(this.names())
    const found: RefRecord[] = []
    for (const name of this.#namesIn(`${this.#dir}/reflog/refs`)) {
      if (known.has(name)) continue
      const id = lastOf(() => this.reflog(name))
      if (id) found.push({ name, id })
    }
    return found
  }

  /** Writes a damaged ref again, whatever its file holds. Under the lock.
   *  @param last - where its log ends: if that is elsewhere, it gets one more entry */
  async putBack(name: string, id: ObjectId, last: ObjectId | null, reason: string): Promise<void> {
    await this.#write(name, id)
    if (id !== last)
      await appendReflog(this.#fs, this.#dir, name, { old: last, new: id, timeMs: this.#clock.now(), reason })
  }

  /** The same for HEAD, once the branch that it points to is whole. */
  async putBackHead(head: Head, last: ObjectId | null, reason: string): Promise<void> {
    await clearFolder(this.#fs, `${this.#dir}/HEAD`, this.#dir)
    await this.#writeHead(head)
    const now = this.headCommit()
    if (now !== last)
      await appendReflog(this.#fs, this.#dir, 'HEAD', { old: last, new: now, timeMs: this.#clock.now(), reason })
  }

  /** The names alone, whatever their files hold. */
  names(prefix = ''): string[] {
    return this.#namesIn(`${this.#dir}/refs`, prefix)
  }

  #namesIn(dir: string, prefix = ''): string[] {
    const found: string[] = []
    const visit = (name: string, depth: number) => {
      if (depth > MAX_REF_DEPTH) return
      for (const entry of this.#readDirectory(name === '' ? dir : `${dir}/${name}`)) {
        const segment = Buffer.from(entry.name).toString('latin1') // names are ASCII; others fail the check below
        const child = name === '' ? segment : `${name}/${segment}`
        if (entry.kind === 'directory') visit(child, depth + 1)
        else if (child.startsWith(prefix) && isRefName(child)) found.push(child)
      }
    }
    visit(prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '', 0)
    return found.sort()
  }

  /** Moves, creates or deletes a ref and records it.
   *  @throws {RefChangedError} STORE_REF_CHANGED if it is not where it was expected
   *  @throws {RefNameTakenError} STORE_REF_NAME_TAKEN if `a` exists beside `a/b` */
  async update({ name, expected, next, reason }: RefUpdate): Promise<void> {
    const current = this.read(name)
    if (expected !== undefined && expected !== current) throw new RefChangedError(name, expected, current)
    if (next === current) return
    const entry = { old: current, new: next, timeMs: this.#clock.now(), reason }
    if (next !== null) {
      await this.#write(name, next)
      await appendReflog(this.#fs, this.#dir, name, entry)
    } else {
      // In this order, since a log without its ref tells of damage.
      await deleteReflog(this.#fs, this.#dir, name)
      await this.#delete(name)
    }
    const head = this.readHead()
    if (head.$kind === 'branch' && name === `heads/${head.branch}`)
      await appendReflog(this.#fs, this.#dir, 'HEAD', entry)
  }

  /** Makes a ref of another name with the same id and the log so far. Repeating it is harmless.
   *  @throws {RefNameTakenError} STORE_REF_NAME_TAKEN if `a` exists beside `a/b` */
  async copy(from: string, to: string, reason: string): Promise<void> {
    const id = this.read(from)
    if (id === null || this.read(to) === id) return
    this.assertRoom(to)
    await copyReflog(this.#fs, this.#dir, from, to)
    await appendReflog(this.#fs, this.#dir, to, { old: id, new: id, timeMs: this.#clock.now(), reason })
    await this.#write(to, id)
  }

  /** For those who have other things to do before they make the ref.
   *  @throws {RefNameTakenError} STORE_REF_NAME_TAKEN if `a` exists beside `a/b` */
  assertRoom(name: string): void {
    const segments = name.split('/')
    for (let depth = 2; depth < segments.length; depth++) {
      const ancestor = segments.slice(0, depth).join('/')
      if (this.#fs.stat(this.#path(ancestor))?.kind === 'file') throw new RefNameTakenError(name, ancestor)
    }
    const [inside] = this.#fs.stat(this.#path(name))?.kind === 'directory' ? this.list(`${name}/`) : []
    if (inside) throw new RefNameTakenError(name, inside.name)
  }

  /** @throws {StoreCorruptError} STORE_REF_CORRUPT */
  readHead(): Head {
    const path = `${this.#dir}/HEAD`
    const line = this.#readLine(path)
    if (line === undefined) throw corrupt(path, 'it is missing')
    const [target = '', check, ...rest] = line.split(' ')
    if (rest.length > 0 || check !== checkOf('HEAD', target)) throw corrupt(path, 'its check does not match')
    if (!target.startsWith('ref:heads/')) return { $kind: 'detached', commit: idOf(path, target) }
    const branch = target.slice('ref:heads/'.length)
    return { $kind: 'branch', branch }
  }

  /** Points HEAD elsewhere. The files are the caller's business. */
  async setHead(head: Head, reason: string): Promise<void> {
    const path = `${this.#dir}/HEAD`
    const left = this.#fs.stat(path) ? this.readHead() : null
    const before = left ? this.headCommit() : null
    await this.#writeHead(head)
    const after = this.headCommit()
    // Changing to another branch at the same commit is a move as well: `switch -` finds its way by it.
    const isElsewhere = left?.$kind === 'branch' && (head.$kind !== 'branch' || head.branch !== left.branch)
    if (after !== before || (isElsewhere && after !== null))
      await appendReflog(this.#fs, this.#dir, 'HEAD', { old: before, new: after, timeMs: this.#clock.now(), reason })
  }

  /** The commit HEAD stands for; `null` before the first commit of a branch.
   *  @throws {StoreCorruptError} STORE_REF_CORRUPT, also if a branch is missing that has had commits */
  headCommit(): ObjectId | null {
    const head = this.readHead()
    if (head.$kind === 'detached') return head.commit
    const name = `heads/${head.branch}`
    const id = this.read(name)
    // Taken for a new branch, it would begin a history without the one that is there.
    if (id === null && this.reflog(name)[0]?.new) throw corrupt(this.#path(name), 'it is missing')
    return id
  }

  /** Newest first. `HEAD` has one too.
   *  @throws {StoreCorruptError} STORE_REFLOG_CORRUPT */
  reflog(name: string): ReflogEntry[] {
    return readReflog(this.#fs, this.#dir, name)
  }

  /** Leaves out the lines of logs that cannot be read, and keeps copies of the files. Under the lock. */
  async salvageReflogs(): Promise<SalvagedLog[]> {
    const salvaged: SalvagedLog[] = []
    for (const name of ['HEAD', ...this.names()]) {
      const lost = await salvageReflog(this.#fs, this.#dir, name)
      if (lost > 0) salvaged.push({ name, lost })
    }
    return salvaged
  }

  /** Replaces ids in the log of a ref, or of `HEAD`; `null` leaves an entry out. */
  async rewriteReflog(name: string, become: (entry: ReflogEntry) => ReflogEntry | null): Promise<void> {
    await rewriteReflog(this.#fs, this.#dir, name, become)
  }

  #path(name: string): string {
    return name === '' ? `${this.#dir}/refs` : `${this.#dir}/refs/${name}`
  }

  async #write(name: string, id: ObjectId): Promise<void> {
    await this.#makeRoom(name)
    await this.#replace(this.#path(name), `${id} ${checkOf(name, id)}\n`)
  }

  async #writeHead(head: Head): Promise<void> {
    const target = head.$kind === 'branch' ? `ref:heads/${head.branch}` : head.commit
    if (head.$kind === 'branch') assertRefName(`heads/${head.branch}`)
    await this.#replace(`${this.#dir}/HEAD`, `${target} ${checkOf('HEAD', target)}\n`)
  }

  async #replace(path: string, text: string): Promise<void> {
    await replaceFile(this.#fs, path, [utf8(text)], { tmpDir: `${this.#dir}/tmp` })
  }

  async #makeRoom(name: string): Promise<void> {
    this.assertRoom(name)
    if (this.#fs.stat(this.#path(name))?.kind === 'directory') this.#removeEmpty(name)
    await ensureDirectory(this.#fs, dirname(this.#path(name)))
  }

  async #delete(name: string): Promise<void> {
    this.#fs.unlink(this.#path(name))
    await this.#fs.syncDirectory(dirname(this.#path(name)))
  }

  /** Removes directories that deleted refs left behind. */
  #removeEmpty(name: string): void {
    for (const entry of this.#readDirectory(this.#path(name)))
      if (entry.kind === 'directory') this.#removeEmpty(`${name}/${Buffer.from(entry.name).toString('latin1')}`)
    this.#fs.removeDirectory(this.#path(name))
  }

  #readDirectory(path: string) {
    try {
      return this.#fs.readDirectory(path)
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
      throw error
    }
  }

  #readLine(path: string): string | undefined {
    try {
      return fromUtf8(this.#fs.readFile(path, MAX_REF_FILE_BYTES)).replace(/\n$/, '')
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined
      if (error instanceof TypeError || isErrno(error, 'EFBIG', 'ELOOP')) throw corrupt(path, 'it is not a ref')
      throw error
    }
  }
}

function parseRefLine(path: string, name: string, line: string): ObjectId {
  const [text = '', check, ...rest] = line.split(' ')
  const id = idOf(path, text)
  if (rest.length > 0 || check !== checkOf(name, id)) throw corrupt(path, 'its check does not match')
  return id
}

function idOf(path: string, text: string): ObjectId {
  if (!/^[0-9a-f]{64}$/.test(text)) throw corrupt(path, 'it holds no id')
  return parseObjectId(text)
}

/** First 4 bytes of a hash over both, in hex: tells damage, proves nothing. */
export function checkOf(name: string, target: string): string {
  return toHex(sha256(utf8(`floe.ref.v1\0${name}\0${target}`)).subarray(0, 4))
}

/** Where a log ends; undefined where it cannot be read, of which others tell. */
function lastOf(read: () => ReflogEntry[]): ObjectId | null | undefined {
  try {
    return read()[0]?.new
  } catch (error) {
    if (error instanceof StoreCorruptError) return undefined
    throw error
  }
}

function isRefName(name: string): boolean {
  try {
    assertRefName(name)
    return true
  } catch {
    return false
  }
}

function corrupt(path: string, reason: string): StoreCorruptError {
  return new StoreCorruptError('STORE_REF_CORRUPT', path, reason, [
    '`floe fsck --repair` puts it back from what its log says, and tells how where it does not',
  ])
}
