/** Walks the user's files in path order, without following links and without entering what is ignored. */

import { FloeError } from '../base/errors.ts'
import { PathRefusedError } from '../objects/errors.ts'
import { comparePaths, pathProblem } from '../objects/path.ts'
import { type FileKind, type FileStat, type FileSystem, FileSystemError, isErrno } from '../store/file-system.ts'
import { FLOE_DIR } from '../store/workspace.ts'
import { NameNotUtf8Error, UnreadableError } from './errors.ts'
import { IGNORE_FILE, type IgnoreRules, noRules, readIgnoreRules } from './ignore-rules.ts'
import { UNFINISHED_NAME } from './write-file.ts'

export type ScanItem =
  /** A file or symbolic link. */
  | { $kind: 'entry'; path: string; stat: FileStat }
  /** Something that cannot be versioned as it is; the walk goes on. */
  | { $kind: 'problem'; path: string; error: FloeError }

export interface ScanOptions {
  /** Only what is at or below this path (default: everything). */
  at?: string
  /** Also what `.floeignore` excludes (default false). */
  includeIgnored?: boolean
}

/** Deeper than any path of 4,095 bytes. */
const MAX_DEPTH = 2048
const GIT_DIR = '.git'
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const isMac = process.platform === 'darwin'

/** Files and links by `comparePaths`; devices, sockets and pipes are left out, as in git. */
export function* scan(fs: FileSystem, root: string, options: ScanOptions = {}): Generator<ScanItem> {
  const at = options.at ?? ''
  const rulesAbove = rulesDownTo(fs, root, at, options)
  if (rulesAbove === 'ignored') return
  if (at !== '') {
    const stat = fs.stat(`${root}/${at}`)
    if (!stat) return
    if (stat.kind !== 'directory') {
      if (stat.kind !== 'other') yield { $kind: 'entry', path: at, stat }
      return
    }
  }
  // A stack of its own: folders may be nested deeper than calls.
  const open = [scanDirectory(fs, root, at, rulesAbove, options, 0)]
  for (let level = open.at(-1); level; level = open.at(-1)) {
    const next = level.next()
    if (next.done) open.pop()
    else if (next.value.$kind !== 'folder') yield next.value
    else open.push(scanDirectory(fs, root, next.value.path, next.value.rules, options, open.length))
  }
}

/** A folder whose entries come next, under the rules of those above it. */
interface Folder {
  $kind: 'folder'
  path: string
  rules: IgnoreRules
}

function* scanDirectory(
  fs: FileSystem,
  root: string,
  directory: string,
  rulesAbove: IgnoreRules,
  options: ScanOptions,
  depth: number,
): Generator<ScanItem | Folder> {
  const absolute = directory === '' ? root || '/' : `${root}/${directory}`
  let listing: Listing
  let rules = rulesAbove
  try {
    listing = readListing(fs, absolute)
    const hasRules = listing.some(({ name }) => name === IGNORE_FILE)
    if (!options.includeIgnored && hasRules) rules = readIgnoreRules(fs, root, directory, rulesAbove)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return // deleted meanwhile
    yield { $kind: 'problem', path: directory, error: unreadable(directory, error) }
    return
  }
  const named: { name: string; path: string; kind: FileKind }[] = []
  for (const entry of listing) {
    const { name } = entry
    if (typeof name !== 'string') {
      // Ignore rules are text: they see the name with replacement characters.
      const lossy = join(directory, Buffer.from(name).toString('utf8'))
      if (rules.ignores(lossy, entry.kind === 'directory')) continue
      yield { $kind: 'problem', path: lossy, error: new NameNotUtf8Error(directory, name) }
    } else if (name !== FLOE_DIR && name !== GIT_DIR && !name.startsWith(`${UNFINISHED_NAME}-`)) {
      named.push({ name, path: join(directory, name), kind: entry.kind })
    }
  }
  named.sort((a, b) => comparePaths(a.name, b.name))
  for (const { path, kind } of named) {
    if (rules.ignores(path, kind === 'directory')) continue
    const problem = depth >= MAX_DEPTH ? 'it lies too deep' : pathProblem(path)
    if (problem) {
      yield { $kind: 'problem', path, error: new PathRefusedError('usage', path, problem) }
    } else if (kind === 'directory') {
      yield { $kind: 'folder', path, rules }
    } else {
      const stat = statOrProblem(fs, root, path)
      if (stat instanceof FloeError) yield { $kind: 'problem', path, error: stat }
      else if (stat?.kind === 'directory') yield { $kind: 'folder', path, rules }
      else if (stat && stat.kind !== 'other') yield { $kind: 'entry', path, stat }
    }
  }
}

/** Names as text, or as bytes where they are none. */
type Listing = { name: string | Uint8Array; kind: FileKind }[]

function readListing(fs: FileSystem, path: string): Listing {
  const text = fs.readTextDirectory?.(path)
  if (text) return isMac ? text.map(({ name, kind }) => ({ name: name.normalize('NFC'), kind })) : text
  return fs.readDirectory(path).map(({ name, kind }) => ({ name: decodeName(name) ?? name, kind }))
}

/** Rules that hold in the parent directory of `at`, or that it is ignored altogether. */
function rulesDownTo(fs: FileSystem, root: string, at: string, options: ScanOptions): IgnoreRules | 'ignored' {
  if (at === '' || options.includeIgnored) return noRules
  let rules = noRules
  let directory = ''
  const segments = at.split('/')
  for (const [index, segment] of segments.entries()) {
    rules = readIgnoreRules(fs, root, directory, rules)
    directory = join(directory, segment)
    const kind = fs.stat(`${root}/${directory}`)?.kind
    if (index < segments.length - 1 && kind !== 'directory') return 'ignored' // nothing there, or behind a link
    if (rules.ignores(directory, kind === 'directory')) return 'ignored'
  }
  return rules
}

function statOrProblem(fs: FileSystem, root: string, path: string): FileStat | FloeError | undefined {
  try {
    return fs.stat(`${root}/${path}`)
  } catch (error) {
    return unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): FloeError {
  if (error instanceof FileSystemError) return new UnreadableError(path === '' ? '.' : path, error.errno, error)
  if (error instanceof FloeError) return error
  throw error
}

/** The name as text, or undefined. macOS hands out decomposed names where the user typed composed ones. */
function decodeName(bytes: Uint8Array): string | undefined {
  try {
    const name = strictUtf8.decode(bytes)
    return isMac ? name.normalize('NFC') : name
  } catch {
    return undefined
  }
}

function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`
}
