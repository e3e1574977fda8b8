/** Which paths a version may contain, and their order (DESIGN §4).
 *
 *  A path is valid UTF-8, its segments joined by `/`. The refused names are those that some file system would resolve to
 *  `.floe` or `.git`: git learned them one vulnerability at a time (CVE-2014-9390, CVE-2019-1352, CVE-2019-1353). */

import { fromUtf8 } from '../base/bytes.ts'
import { PathRefusedError } from './errors.ts'

export const MAX_PATH_BYTES = 4095
export const MAX_SEGMENT_BYTES = 255

// Code points that HFS+ ignores when it compares names.
const HFS_IGNORABLE = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g
// A segment (a backslash also separates on Windows) that is .git or .floe, followed by what NTFS drops: dots, spaces and
// an alternate stream; or the 8.3 short name of one.
const RESERVED = /(?:^|[/\\])(?:\.(?:git|floe)|(?:git|floe)~[0-9]+)[. ]*(?::[^/\\]*)?(?=[/\\]|$)/
const ASCII = /^[\x01-\x7f]*$/

/** Why no version may contain this path, or null if it may. */
export function pathProblem(path: string): string | null {
  if (path.length === 0) return 'it is empty'
  if (!path.isWellFormed()) return 'it is not valid Unicode'
  const ascii = ASCII.test(path)
  const bytes = ascii ? path.length : Buffer.byteLength(path)
  if (bytes > MAX_PATH_BYTES) return `it has ${bytes} bytes, the limit is ${MAX_PATH_BYTES}`
  if (path.includes('\0')) return 'it contains a NUL'
  for (let from = 0; from <= path.length; ) {
    const slash = path.indexOf('/', from)
    const to = slash < 0 ? path.length : slash
    if (to === from) return 'it has an empty segment'
    if (path[from] === '.' && (to - from === 1 || (to - from === 2 && path[from + 1] === '.')))
      return 'it has a segment "." or ".."'
    if (bytes > MAX_SEGMENT_BYTES) {
      const segmentBytes = ascii ? to - from : Buffer.byteLength(path.slice(from, to))
      if (segmentBytes > MAX_SEGMENT_BYTES)
        return `it has a segment of ${segmentBytes} bytes, the limit is ${MAX_SEGMENT_BYTES}`
    }
    from = to + 1
  }
  // Upper then lower case is full case folding for what matters here: U+FB02 (ligature fl) and U+0131 (dotless i) fold.
  const folded = (ascii ? path : path.replace(HFS_IGNORABLE, '').toUpperCase()).toLowerCase()
  if (RESERVED.test(folded)) return 'a file system may take a segment for .floe or .git'
  return null
}

/** @throws {PathRefusedError} PATH_REFUSED (usage) */
export function assertPath(path: string): void {
  const problem = pathProblem(path)
  if (problem) throw new PathRefusedError('usage', path, problem)
}

/** The path in bytes from outside, from one place of them to another.
 *  @throws {PathRefusedError} PATH_REFUSED (integrity) */
export function parsePath(bytes: Buffer, from = 0, to = bytes.length): string {
  if (isPlain(bytes, from, to)) return bytes.toString('latin1', from, to)
  let path: string
  try {
    path = fromUtf8(bytes.subarray(from, to))
  } catch {
    throw new PathRefusedError('integrity', bytes.toString('latin1', from, Math.min(to, from + 100)), 'it is not UTF-8')
  }
  const problem = pathProblem(path)
  if (problem) throw new PathRefusedError('integrity', path, problem)
  return path
}

const SLASH = 0x2f
const DOT = 0x2e
const BACKSLASH = 0x5c
const TILDE = 0x7e

/** True of most paths: short ASCII with nothing in it that `pathProblem` could find fault with. A tree has one in every
 *  entry, and this look at its bytes takes a third of the time. */
function isPlain(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > MAX_SEGMENT_BYTES) return false
  let begins = true
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!
    if (byte === SLASH) {
      if (begins) return false
      begins = true
    } else {
      if (byte === 0 || byte >= TILDE || byte === BACKSLASH || (begins && byte === DOT)) return false
      begins = false
    }
  }
  return !begins
}

/** Order of trees: by segment, so that `a/…` follows `a` before `a!`; within a segment by UTF-8 bytes.
 *  Equal to the byte order once `/` counts as lowest. Negative, zero or positive. */
export function comparePaths(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** The same over paths in UTF-8, each from one place of its bytes to another. */
export function comparePathBytes(
  a: Uint8Array,
  aAt: number,
  aEnd: number,
  b: Uint8Array,
  bAt: number,
  bEnd: number,
): number {
  for (; aAt < aEnd && bAt < bEnd; aAt++, bAt++) {
    const x = a[aAt]!
    const y = b[bAt]!
    if (x !== y) return (x === SLASH ? -1 : x) - (y === SLASH ? -1 : y)
  }
  return aEnd - aAt - (bEnd - bAt)
}

/** UTF-16 units in the order of the UTF-8 bytes: surrogates stand for code points above U+FFFF. */
function rank(unit: number): number {
  if (unit === SLASH) return -1
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** True if `path` is `directory` itself or below it. */
export function isAtOrBelow(path: string, directory: string): boolean {
  return path.startsWith(directory) && (path.length === directory.length || path.charCodeAt(directory.length) === SLASH)
}
