/** Walks the user's files in path order, without following links and without entering what is ignored. */

import { FloeError } from '../base/errors.ts'
import { PathRefusedError } from '../objects/errors.ts'
import { comparePaths, MAX_PATH_BYTES, MAX_SEGMENT_BYTES, pathProblem } from '../objects/path.ts'
import { type FileKind, type FileStat, type FileSystem, FileSystemError, isErrno } from '../store/file-system.ts'
import { NameNotUtf8Error, UnreadableError } from './errors.ts'
import { IGNORE_FILE, type IgnoreRules, noRules, readIgnoreRules } from './ignore-rules.ts'
import { isOurs } from './own-names.ts'

export type ScanItem =
  /** A file or symbolic link. */
  | { $kind: 'entry'; path: string; stat: FileStat }
  /** Something that cannot be versioned as it is; the walk goes on. */
  | { $kind: 'problem'; path: string; error: FloeError }

/** What a folder lists as a file; nobody has looked at it. */
export interface ListedFile {
  $kind: 'listed'
  path: string
}

export interface ScanOptions {
  /** Only what is at or below this path (default: everything). */
  at?: string
  /** Also what `.floeignore` excludes (default false). */
  includeIgnored?: boolean
  /** Told of devices, sockets and pipes. */
  onOther?: ((path: string) => void) | undefined
}

/** Deeper than any path of 4,095 bytes. */
const MAX_DEPTH = 2048
/** Cannot be what some file system takes for `.floe` or `.git`, nor `.` or `..`: most names, told by one look. */
const PLAIN_NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const isMac = process.platform === 'darwin'

/** Files and links by `comparePaths`; devices, sockets and pipes are left out, as in git. */
export function scan(fs: FileSystem, root: string, options: ScanOptions = {}): IterableIterator<ScanItem> {
  return scanFrom<never>(fs, root, options, undefined)
}

/** The same, without a look at what a folder lists as a file. */
export function scanListings(
  fs: FileSystem,
  root: string,
  options: ScanOptions = {},
): IterableIterator<ScanItem | ListedFile> {
  return scanFrom(fs, root, options, (path) => ({ $kind: 'listed', path }))
}

function scanFrom<L extends ListedFile>(
  fs: FileSystem,
  root: string,
  options: ScanOptions,
  listed: ((path: string) => L) | undefined,
): IterableIterator<ScanItem | L> {
  const at = options.at ?? ''
  const rulesAbove = rulesDownTo(fs, root, at, options)
  if (rulesAbove === 'ignored') return [].values()
  if (at !== '') {
    const stat = fs.stat(`${root}/${at}`)
    if (!stat) return [].values()
    if (stat.kind === 'other') options.onOther?.(at)
    if (stat.kind !== 'directory')
      return (stat.kind === 'other' ? [] : [{ $kind: 'entry' as const, path: at, stat }]).values()
  }
  return new Walk<L>(fs, root, at, rulesAbove, options, listed)
}

/** A folder that the walk is in. */
interface Level {
  directory: string
  rules: IgnoreRules
  entries: readonly Named[]
  next: number
  /** What of its names is left out. */
  isKnown?: IsKnown
}

type IsKnown = (path: string, kind: FileKind) => boolean

interface Named {
  name: string
  /** Undefined if it is not known that there is anything. */
  kind: FileKind | undefined
  /** Where the name is not text: what it is; `name` is then as near as text comes. */
  bytes?: Uint8Array
}

/** By hand instead of with generators: a million files spend as much time in those as in the file system. */
export class Walk<L extends ListedFile = never> implements IterableIterator<ScanItem | L> {
  readonly #fs: FileSystem
  readonly #root: string
  readonly #includeIgnored: boolean
  readonly #onOther: ScanOptions['onOther']
  readonly #listed: ((path: string) => L) | undefined
  /** A stack of its own: folders may be nested deeper than calls. */
  readonly #levels: Level[] = []

  /** @param listed - makes an item of a file that is listed and not looked at (default: all are) */
  constructor(
    fs: FileSystem,
    root: string,
    at = '',
    rules: IgnoreRules = noRules,
    options: Pick<ScanOptions, 'includeIgnored' | 'onOther'> = {},
    listed?: (path: string) => L,
  ) {
    this.#listed = listed
    this.#fs = fs
    this.#root = root
    this.#includeIgnored = options.includeIgnored ?? false
    this.#onOther = options.onOther
    this.#levels.push({ directory: at, rules, entries: [], next: ENTER })
  }

  /** A walk over what has these names in a folder, and what is below it.
   *  @param rules - those of the folder */
  static ofNames(fs: FileSystem, root: string, directory: string, rules: IgnoreRules, names: readonly string[]): Walk {
    const walk = new Walk(fs, root, directory, rules)
    const entries = sortByName(names.map((name) => ({ name, kind: undefined })))
    walk.#levels[0] = { directory, rules, entries, next: 0 }
    return walk
  }

  /** A walk over a folder without those names in it that are known. */
  static ofUnknown(fs: FileSystem, root: string, directory: string, rules: IgnoreRules, isKnown: IsKnown): Walk {
    const walk = new Walk(fs, root, directory, rules)
    walk.#levels[0]!.isKnown = isKnown
    return walk
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<ScanItem | L, undefined> {
    const levels = this.#levels
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      if (level.next === ENTER) {
        const problem = this.#enter(level)
        if (problem) return { done: false, value: problem }
        continue
      }
      const entry = level.entries[level.next]
      if (!entry) {
        levels.pop()
        continue
      }
      const path = join(level.directory, entry.name)
      level.next++
      const item = this.#look(level, entry, path)
      if (item === 'folder') {
        levels.push({ directory: path, rules: level.rules, entries: [], next: ENTER })
      } else if (item) return { done: false, value: item }
    }
    return { done: true, value: undefined }
  }

  #look(level: Level, { name, kind: listed, bytes }: Named, path: string): ScanItem | L | 'folder' | undefined {
    const seen = listed === undefined ? statOrProblem(this.#fs, this.#root, path) : undefined
    if (listed === undefined && seen === undefined) return undefined
    const kind = listed ?? (seen instanceof FloeError ? 'file' : seen?.kind)
    // Ignore rules are text: they see a name that is none with replacement characters.
    if (level.rules !== noRules && level.rules.ignores(path, kind === 'directory')) return undefined
    if (bytes) return { $kind: 'problem', path, error: new NameNotUtf8Error(level.directory, bytes) }
    const problem = this.#levels.length > MAX_DEPTH ? 'it lies too deep' : nameProblem(name, path)
    if (problem) return { $kind: 'problem', path, error: new PathRefusedError('usage', path, problem) }
    if (kind === 'directory') return 'folder'
    if (listed === 'file' && this.#listed) return this.#listed(path)
    const stat = seen ?? statOrProblem(this.#fs, this.#root, path)
    if (stat instanceof FloeError) return { $kind: 'problem', path, error: stat }
    if (stat?.kind === 'other') this.#onOther?.(path)
    if (!stat || stat.kind === 'other') return undefined
    return stat.kind === 'directory' ? 'folder' : { $kind: 'entry', path, stat }
  }

  /** Lists a folder; says what is wrong if it cannot. */
  #enter(level: Level): ScanItem | undefined {
    const { directory } = level
    level.next = 0
    try {
      const listing = readListing(this.#fs, directory === '' ? this.#root || '/' : `${this.#root}/${directory}`)
      const hasRules = !this.#includeIgnored && listing.some(({ name }) => name === IGNORE_FILE)
      if (hasRules) level.rules = readIgnoreRules(this.#fs, this.#root, directory, level.rules)
      const { isKnown } = level
      level.entries = sortByName(
        isKnown ? listing.filter((named) => !isKnown(join(directory, named.name), named.kind!)) : listing,
      )
      return undefined
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined // deleted meanwhile
      return { $kind: 'problem', path: directory, error: unreadable(directory, error) }
    }
  }
}

/** In place of the next entry: the folder has not been listed yet. */
const ENTER = -1

/** Puts names in the order of `comparePaths`; without surrogates that is the order of UTF-16, which is quicker told. */
function sortByName(listing: Named[]): Named[] {
  if (listing.some(({ name }) => SURROGATE.test(name))) return listing.sort((a, b) => comparePaths(a.name, b.name))
  return listing.sort(({ name: a }, { name: b }) => (a < b ? -1 : a > b ? 1 : 0))
}

const SURROGATE = /[\ud800-\udfff]/

function nameProblem(name: string, path: string): string | null {
  if (PLAIN_NAME.test(name) && name.length <= MAX_SEGMENT_BYTES && 3 * path.length <= MAX_PATH_BYTES) return null
  return pathProblem(path)
}

/** What the folder holds, without what is never versioned. */
function readListing(fs: FileSystem, path: string): Named[] {
  const text = fs.readTextDirectory?.(path)
  const named: Named[] = text
    ? isMac
      ? text.map(({ name, kind }) => ({ name: name.normalize('NFC'), kind }))
      : text
    : fs.readDirectory(path).map(({ name, kind }) => {
        const decoded = decodeName(name)
        return decoded === undefined
          ? { name: Buffer.from(name).toString('utf8'), kind, bytes: name }
          : { name: decoded, kind }
      })
  return named.filter(({ name }) => !isOurs(name))
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

/** Undefined if nothing is there. */
export function statOrProblem(fs: FileSystem, root: string, path: string): FileStat | FloeError | undefined {
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
