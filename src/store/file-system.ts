/** The only door to the disk for `store` and `worktree`.
 *
 *  Calls are synchronous, except `sync`, which waits for the device: a thread-pool round trip costs more than a stat or
 *  a small read (200,000 files: 0.6 s against 2.2 s). Long loops over it yield to the event loop by themselves.
 *  Failures are `FileSystemError`s with the system's own code (`ENOENT` …), so that a test double needs no `errno`. */

import { FloeError } from '../base/errors.ts'

/** What a path names; symbolic links are never followed. */
export type FileKind = 'file' | 'directory' | 'symlink' | 'other'

export interface FileStat {
  kind: FileKind
  bytes: number
  mtimeNs: bigint
  ctimeNs: bigint
  inode: bigint
  /** Of the file system that it is on; undefined if there is but one. */
  device?: bigint
  /** True if the owner may execute it; always false where the system has no such bit. */
  executable: boolean
}

/** As much of a stat as tells that a file is as it was. Times are in ms, as near as a double comes (a quarter of a µs). */
export interface QuickStat {
  mode: number
  size: number
  mtimeMs: number
  ctimeMs: number
  ino: number
}

/** A directory entry. The name is bytes: a file system may hold names that are not UTF-8. */
export interface DirectoryEntry {
  name: Uint8Array
  kind: FileKind
}

/** `read`: must exist, and the last path segment must not be a symbolic link. `create`: must not exist.
 *  `append`: created if missing, writes go to the end. */
export type OpenMode = 'read' | 'create' | 'append'

export interface OpenFile {
  /** Fills the buffer from the position on; fewer bytes only at the end of the file. Returns how many. */
  read(buffer: Uint8Array, position: number): number
  /** Appends all bytes. */
  write(bytes: Uint8Array): void
  /** Resolves when the contents are on the device. */
  sync(): Promise<void>
  stat(): FileStat
  /** May be called twice. */
  close(): void
}

/** Paths are absolute. A path may be bytes where its last segment is not UTF-8. */
export interface FileSystem {
  open(path: string, mode: OpenMode, options?: { executable?: boolean; private?: boolean }): OpenFile
  /** Whole contents of a file of at most `maxBytes`. */
  readFile(path: string, maxBytes: number): Uint8Array
  /** Does not follow a symbolic link. `undefined` if nothing is there, also below a path that is not a directory. */
  stat(path: string): FileStat | undefined
  /** The same for those who look at a million files, a third quicker; undefined also where it fails. A file system
   *  without it is asked for `stat`. */
  quickStat?(path: string): QuickStat | undefined
  /** Reads what a regular file holds at its beginning, at most `limit` bytes, and then asks for its stat: as `open`, `read`,
   *  `stat` and `close` do, at two thirds of the price. Undefined where one of them fails, or it is no regular file. */
  readStart?(path: string, buffer: Uint8Array, at: number, limit: number): FileStart | undefined
  /** In no particular order. */
  readDirectory(path: string): DirectoryEntry[]
  /** The same with names as text, which is much cheaper; undefined if one of them may not be UTF-8. A file system
   *  without it is asked for bytes. */
  readTextDirectory?(path: string): { name: string; kind: FileKind }[] | undefined
  /** Names alone, at half the price again; what is not UTF-8 in them comes as U+FFFD. */
  readNames?(path: string): string[]
  /** Creates missing parents too; an existing directory is fine. */
  makeDirectory(path: string): void
  /** Atomic; replaces a file that is in the way. */
  rename(from: string, to: string): void
  /** A second name for a file, failing with EEXIST if that name is taken. */
  link(existing: string, path: string): void
  /** Removes a file or symbolic link. */
  unlink(path: string): void
  /** Removes an empty directory. */
  removeDirectory(path: string): void
  symlink(target: Uint8Array, path: string): void
  readLink(path: string): Uint8Array
  setExecutable(path: string, executable: boolean): void
  /** Makes a new file that shares another's bytes on the device, so that a change to either leaves the other as it is.
   *  @returns false, with nothing made, where this file system cannot; one without the method never can */
  shareBytes?(from: string, to: string): boolean
  /** Resolves when the names in a directory are on the device. */
  syncDirectory(path: string): Promise<void>
  /** Resolves with true when all is on the device that the file system of this path had not written, whoever it is of;
   *  false where that cannot be asked for. */
  syncWhole?(path: string): Promise<boolean>
}

/** The beginning of a file. */
export interface FileStart {
  /** Bytes read; whether that is all, the size tells. */
  count: number
  /** What the file was after that, as the system has it. */
  stat: { size: bigint; mtimeNs: bigint; ctimeNs: bigint; ino: bigint; dev: bigint; mode: bigint }
}

interface KnownFailure {
  said: string
  hint: string
}

const FULL: KnownFailure = {
  said: 'no space left',
  hint: 'free some space and run the same command again; nothing committed was lost',
}
const DENIED: KnownFailure = {
  said: 'permission denied',
  hint: 'see whom it belongs to with `ls -ld`, and run the same command again as someone who may; nothing committed was lost',
}
const TOO_MANY_OPEN: KnownFailure = {
  said: 'too many open files',
  hint: 'raise the limit, such as with `ulimit -n 4096`, and run the same command again; nothing committed was lost',
}

/** Failures that are none of Floe's doing, and that somebody can do something about. */
const KNOWN_FAILURES: Readonly<Record<string, KnownFailure>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: {
    said: 'the file system is read-only',
    hint: 'work where it can be written to: `floe clone FOLDER DIR` makes a workspace elsewhere',
  },
  EACCES: DENIED,
  EPERM: DENIED,
  EMFILE: TOO_MANY_OPEN,
  ENFILE: TOO_MANY_OPEN,
}

/** A failed call: STORE_DISK_FULL where there is no space left, else STORE_IO (both exit 1). */
export class FileSystemError extends FloeError {
  override name = 'FileSystemError'
  /** The system's name for it, e.g. `ENOENT`. */
  readonly errno: string
  readonly path: string

  constructor(errno: string, operation: string, path: string, cause?: unknown) {
    const known = Object.hasOwn(KNOWN_FAILURES, errno) ? KNOWN_FAILURES[errno] : undefined
    const isFull = known === FULL
    super('other', isFull ? 'STORE_DISK_FULL' : 'STORE_IO', `${known?.said ?? errno}: ${operation} ${path}`, {
      data: { path, errno },
      hints: known ? [known.hint] : [],
      retryable: isFull,
      cause,
    })
    this.errno = errno
    this.path = path
  }
}

/** True if a call failed for that reason. */
export function isErrno(error: unknown, ...errnos: readonly string[]): boolean {
  return error instanceof FileSystemError && errnos.includes(error.errno)
}
