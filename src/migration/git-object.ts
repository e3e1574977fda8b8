/** Commits and trees as git writes them. Bytes come from outside: whatever is not as git writes it is refused. */

import { MAX_AUTHOR_FIELD_BYTES, MAX_MESSAGE_BYTES, MAX_TIME_MS } from '../objects/commit.ts'
import { ForeignFormatError } from './errors.ts'

export interface GitCommit {
  tree: string
  parents: string[]
  author: { name: string; email: string; timeMs: number }
  message: string
  /** Something of author or message could not be kept as it was. */
  isAltered: boolean
}

export interface GitTreeItem {
  /** Bytes as Latin-1, one by one: no two names become the same. */
  name: string
  kind: 'file' | 'executable' | 'symlink' | 'tree' | 'submodule'
  /** Bytes as Latin-1 too: of most items no more is asked than whether it is that of another. */
  rawId: string
}

/** The id as git writes it. */
export function gitIdOf({ rawId }: GitTreeItem): string {
  return Buffer.from(rawId, 'latin1').toString('hex')
}

/** Headers before the message; signatures and merge tags are the long ones. */
const MAX_HEADER_LINES = 100_000
const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/** @throws {ForeignFormatError} */
export function parseGitCommit(bytes: Uint8Array): GitCommit {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const headers: { key: string; value: Buffer }[] = []
  let at = 0
  while (at < buffer.length && buffer[at] !== LINE_FEED) {
    const end = buffer.indexOf(LINE_FEED, at)
    if (end < 0 || headers.length >= MAX_HEADER_LINES) throw new ForeignFormatError('the commit has no end of headers')
    // A line that begins with a space continues the one before: a signature.
    if (buffer[at] !== SPACE) {
      const space = buffer.indexOf(SPACE, at)
      if (space < 0 || space > end) throw new ForeignFormatError('the commit has a header without a value')
      headers.push({ key: buffer.toString('latin1', at, space), value: buffer.subarray(space + 1, end) })
    }
    at = end + 1
  }
  const idOf = (value: Buffer | undefined) => {
    const id = value?.toString('latin1') ?? ''
    if (!ID.test(id)) throw new ForeignFormatError('the commit names no tree or parent')
    return id
  }
  const first = (key: string) => headers.find((header) => header.key === key)?.value
  const decode = decoderOf(first('encoding')?.toString('latin1'))
  const author = parseIdentity(first('author') ?? Buffer.alloc(0), decode)
  const message = fitMessage(decode(buffer.subarray(at + 1)))
  return {
    tree: idOf(first('tree')),
    parents: headers.filter(({ key }) => key === 'parent').map(({ value }) => idOf(value)),
    author: author.person,
    message: message.text,
    isAltered: author.isAltered || message.isAltered,
  }
}

const LINE_FEED = 0x0a
const SPACE = 0x20

/** git calls it UTF-8 unless the commit says otherwise; what is neither is read byte by byte rather than refused. */
function decoderOf(encoding: string | undefined): (bytes: Uint8Array) => string {
  const decoder = knownDecoder(encoding ?? 'utf-8')
  return (bytes) => {
    try {
      return decoder?.decode(bytes) ?? Buffer.from(bytes).toString('latin1')
    } catch {
      return Buffer.from(bytes).toString('latin1')
    }
  }
}

function knownDecoder(encoding: string) {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
  } catch {
    return undefined
  }
}

/** `Name <email> seconds zone`, as leniently as git reads it: histories hold all that old importers wrote. */
function parseIdentity(line: Buffer, decode: (bytes: Uint8Array) => string) {
  const text = decode(line)
  const match = /^([^<]*)<([^>]*)>[^0-9-]*(-?\d{1,15})?/.exec(text)
  const name = fitField((match?.[1] ?? text).trim())
  const email = fitField((match?.[2] ?? '').trim())
  // Before 1970 there was no commit, after the last day of `Date` there is none.
  const timeMs = Number(match?.[3] ?? '0') * 1000
  const kept = Math.min(Math.max(timeMs, 0), MAX_TIME_MS)
  const isAltered = name.isAltered || email.isAltered || kept !== timeMs || !match
  return { person: { name: name.text, email: email.text, timeMs: kept }, isAltered }
}

function fitField(text: string) {
  const plain = text.replace(/[\u0000-\u001f\u007f]/g, ' ')
  const fitted = cutToBytes(plain, MAX_AUTHOR_FIELD_BYTES)
  return { text: fitted, isAltered: fitted !== text }
}

function fitMessage(text: string) {
  const plain = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '\ufffd')
  // git ends a message with a line feed, Floe does not.
  const trimmed = plain.replace(/\n+$/, '')
  const fitted = cutToBytes(trimmed, MAX_MESSAGE_BYTES)
  return { text: fitted, isAltered: fitted !== trimmed || plain !== text }
}

function cutToBytes(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text
  const bytes = Buffer.from(text).subarray(0, most)
  // A character that was cut in two.
  return bytes.toString('utf8').replace(/\ufffd+$/, '')
}

/** Items of a tree in git's order.
 *  @param idBytes - 20 for SHA-1, 32 for SHA-256
 *  @throws {ForeignFormatError} */
export function parseGitTree(bytes: Uint8Array, idBytes: number): GitTreeItem[] {
  // One text, of which names and ids are slices: a quarter of the memory of a buffer for each.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const items: GitTreeItem[] = []
  let at = 0
  while (at < text.length) {
    const space = text.indexOf(' ', at)
    const nul = space < 0 ? -1 : text.indexOf('\0', space + 1)
    const end = nul + 1 + idBytes
    if (space < 0 || space - at > MAX_MODE_DIGITS || nul < 0 || end > text.length)
      throw new ForeignFormatError('the tree is cut off')
    const kind = KINDS[text.slice(at, space)]
    const name = text.slice(space + 1, nul)
    if (!kind) throw new ForeignFormatError('the tree has an item of no known mode')
    if (name.length === 0 || name.includes('/')) throw new ForeignFormatError('the tree has an item without a name')
    items.push({ name, kind, rawId: text.slice(nul + 1, end) })
    at = end
  }
  return items
}

const MAX_MODE_DIGITS = 6
/** With the modes that only old versions of git wrote. */
const KINDS: Readonly<Record<string, GitTreeItem['kind']>> = {
  '100644': 'file',
  '100664': 'file',
  '100600': 'file',
  '100755': 'executable',
  '120000': 'symlink',
  '40000': 'tree',
  '040000': 'tree',
  '160000': 'submodule',
}
