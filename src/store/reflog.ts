/** Where a ref has been: one line per move, appended and synced. A line torn by a crash is dropped, any other damage is
 *  an error. */

import { dirname } from 'node:path'
import { concatBytes, toHex, utf8 } from '../base/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import type { ObjectId } from '../objects/id.ts'
import { ensureDirectory, replaceFile, uniquePath } from './atomic-file.ts'
import { DAMAGED_DIR } from './cache-file.ts'
import { StoreCorruptError } from './errors.ts'
import { type FileSystem, isErrno } from './file-system.ts'

export interface ReflogEntry {
  /** `null`: the ref did not exist. */
  old: ObjectId | null
  /** `null`: it was deleted. */
  new: ObjectId | null
  timeMs: number
  reason: string
}

const NONE = '0'.repeat(64)
const NEWLINE = 10
const MAX_REASON_CHARS = 200
/** About a million moves. */
const MAX_REFLOG_BYTES = 256 * 2 ** 20
const LINE = /^([0-9a-f]{64}) ([0-9a-f]{64}) (\d{1,16}) ([0-9a-f]{8}) (.*)$/

/** Newest first; empty if there is none.
 *  @throws {StoreCorruptError} STORE_REFLOG_CORRUPT */
export function readReflog(fs: FileSystem, floeDir: string, name: string): ReflogEntry[] {
  const path = pathOf(floeDir, name)
  const bytes = readBytes(fs, path)
  const lines = new TextDecoder().decode(bytes.subarray(0, wholeLines(bytes))).split('\n')
  lines.pop()
  return lines.map((line) => parseLine(path, line)).reverse()
}

export async function appendReflog(fs: FileSystem, floeDir: string, name: string, entry: ReflogEntry): Promise<void> {
  const path = pathOf(floeDir, name)
  const line = utf8(formatLine(entry))
  const existed = fs.stat(path)?.kind === 'file'
  if (existed) {
    const bytes = readBytes(fs, path)
    const whole = wholeLines(bytes)
    if (whole !== bytes.length) {
      await replaceFile(fs, path, [concatBytes(bytes.subarray(0, whole), line)], { tmpDir: `${floeDir}/tmp` })
      return
    }
  } else await makeRoom(fs, floeDir, name)
  const file = fs.open(path, 'append')
  try {
    file.write(line)
    await file.sync()
  } finally {
    file.close()
  }
  if (!existed) await fs.syncDirectory(dirname(path))
}

/** Replaces the ids that a log names, and leaves out entries that are of no use any more.
 *  @param become - `null` for an entry that goes */
export async function rewriteReflog(
  fs: FileSystem,
  floeDir: string,
  name: string,
  become: (entry: ReflogEntry) => ReflogEntry | null,
): Promise<void> {
  const entries = readReflog(fs, floeDir, name)
  const rest = entries.map(become).filter((entry) => entry !== null)
  if (rest.length === entries.length && rest.every((entry, i) => sameEntry(entry, entries[i]!))) return
  const lines = rest.reverse().map((entry) => utf8(formatLine(entry)))
  await replaceFile(fs, pathOf(floeDir, name), [concatBytes(...lines)], { tmpDir: `${floeDir}/tmp` })
}

function sameEntry(a: ReflogEntry, b: ReflogEntry): boolean {
  return a.old === b.old && a.new === b.new
}

/** Keeps the lines that can be read, and a copy of the file as it was.
 *  @returns how many lines were left out; where there are none, nothing was done */
export async function salvageReflog(fs: FileSystem, floeDir: string, name: string): Promise<number> {
  const path = pathOf(floeDir, name)
  const bytes = readBytes(fs, path)
  const lines = new TextDecoder().decode(bytes.subarray(0, wholeLines(bytes))).split('\n')
  lines.pop()
  const good = lines.filter((line) => parsedLine(line) !== undefined)
  if (good.length === lines.length) return 0
  const dir = `${floeDir}/${DAMAGED_DIR}`
  await ensureDirectory(fs, dir)
  await replaceFile(fs, uniquePath(dir, `log-${name.replaceAll('/', '-')}`), [bytes], { tmpDir: `${floeDir}/tmp` })
  await replaceFile(fs, path, [utf8(good.map((line) => `${line}\n`).join(''))], { tmpDir: `${floeDir}/tmp` })
  return lines.length - good.length
}

/** Puts the log of one name under another, in place of what is there. */
export async function copyReflog(fs: FileSystem, floeDir: string, from: string, to: string): Promise<void> {
  const bytes = readBytes(fs, pathOf(floeDir, from))
  await makeRoom(fs, floeDir, to)
  const whole = bytes.subarray(0, wholeLines(bytes))
  await replaceFile(fs, pathOf(floeDir, to), [whole], { tmpDir: `${floeDir}/tmp` })
}

export async function deleteReflog(fs: FileSystem, floeDir: string, name: string): Promise<void> {
  const path = pathOf(floeDir, name)
  try {
    fs.unlink(path)
    await fs.syncDirectory(dirname(path))
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}

/** A branch `a` may follow a deleted `a/b`, whose empty directory is then in the way. */
async function makeRoom(fs: FileSystem, floeDir: string, name: string): Promise<void> {
  const path = pathOf(floeDir, name)
  const removeEmpty = (dir: string) => {
    for (const entry of fs.readDirectory(dir))
      if (entry.kind === 'directory') removeEmpty(`${dir}/${Buffer.from(entry.name).toString()}`)
    fs.removeDirectory(dir)
  }
  if (fs.stat(path)?.kind === 'directory') removeEmpty(path)
  await ensureDirectory(fs, dirname(path))
}

function formatLine({ old, new: next, timeMs, reason }: ReflogEntry): string {
  const text = reason.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').slice(0, MAX_REASON_CHARS)
  const head = `${old ?? NONE} ${next ?? NONE} ${timeMs}`
  return `${head} ${lineCheck(`${head} ${text}`)} ${text}\n`
}

function parseLine(path: string, line: string): ReflogEntry {
  const entry = parsedLine(line)
  if (entry) return entry
  throw new StoreCorruptError('STORE_REFLOG_CORRUPT', path, 'a line is not what was written', [
    '`floe fsck --repair` leaves out what cannot be read of it; no branch is affected',
  ])
}

function parsedLine(line: string): ReflogEntry | undefined {
  const match = LINE.exec(line)
  const [, old = '', next = '', time = '', check, reason = ''] = match ?? []
  if (!match || check !== lineCheck(`${old} ${next} ${time} ${reason}`)) return undefined
  return { old: toId(old), new: toId(next), timeMs: Number(time), reason }
}

function toId(text: string): ObjectId | null {
  return text === NONE ? null : (text as ObjectId)
}

function lineCheck(text: string): string {
  return toHex(sha256(utf8(`floe.reflog.v1\0${text}`)).subarray(0, 4))
}

function wholeLines(bytes: Uint8Array): number {
  return bytes.lastIndexOf(NEWLINE) + 1
}

function readBytes(fs: FileSystem, path: string): Uint8Array {
  try {
    return fs.readFile(path, MAX_REFLOG_BYTES)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return new Uint8Array(0)
    throw error
  }
}

function pathOf(floeDir: string, name: string): string {
  return name === 'HEAD' ? `${floeDir}/reflog/HEAD` : `${floeDir}/reflog/refs/${name}`
}
