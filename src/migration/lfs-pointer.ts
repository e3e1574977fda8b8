/** Git LFS pointer files: what stands in a git tree in place of a large file.
 *  @see https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */

export interface LfsPointer {
  /** SHA-256 of the contents in hex: Floe's file id. */
  id: string
  bytes: number
  /** Contents went through a program before they were stored: only that program can give the file back. */
  isExtended: boolean
}

/** A pointer is shorter than this (specification: "must be less than 1024 bytes in size"). */
export const MAX_LFS_POINTER_BYTES = 1023

/** `git-media` and `hawser` are names that Git LFS had before it was released; it still reads them. */
const VERSIONS = [
  'version https://git-lfs.github.com/spec/v1',
  'version https://hawser.github.com/spec/v1',
  'version http://git-media.io/v/2',
]
const KEY = /^[a-z0-9.-]+$/

/** The pointer in a blob, or null if it is some other file.
 *  As Git LFS reads it: keys after `version` sorted, one space; of unknown keys nothing is a pointer. Its specification
 *  knows the line feed only. The program takes CRLF, blank lines and white space around for the same pointer, and writes
 *  the contents: where it does and an import does not, the contents would be left behind in silence. */
export function parseLfsPointer(blob: Uint8Array): LfsPointer | null {
  if (blob.length > MAX_LFS_POINTER_BYTES) return null
  let [start, end] = [0, blob.length]
  while (start < end && isSpace(blob[start]!)) start++
  if (blob[start] !== 0x76) return null
  while (isSpace(blob[end - 1]!)) end--
  const text = Buffer.from(blob.subarray(start, end)).toString('latin1')
  const [version = '', ...lines] = text.split(/\r?\n/).filter((line) => line !== '')
  if (!VERSIONS.includes(version)) return null
  const values = new Map<string, string>()
  let previous = ''
  for (const line of lines) {
    const space = line.indexOf(' ')
    const key = line.slice(0, space)
    if (space < 1 || !KEY.test(key) || key <= previous) return null
    previous = key
    values.set(key, line.slice(space + 1))
  }
  const id = /^sha256:([0-9a-f]{64})$/.exec(values.get('oid') ?? '')?.[1]
  const size = values.get('size') ?? ''
  const bytes = /^(0|[1-9]\d{0,15})$/.test(size) ? Number(size) : Number.NaN
  if (id === undefined || !Number.isSafeInteger(bytes)) return null
  const others = [...values.keys()].filter((key) => key !== 'oid' && key !== 'size')
  if (others.some((key) => !/^ext-\d-/.test(key))) return null
  return { id, bytes, isExtended: others.length > 0 }
}

const isSpace = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/** Place of an object below `lfs/objects`. */
export function lfsObjectPath(id: string): string {
  return `${id.slice(0, 2)}/${id.slice(2, 4)}/${id}`
}
