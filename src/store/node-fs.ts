/** The disk of this machine, through `node:fs`. */

import * as fs from 'node:fs'
import { dirname } from 'node:path'
import {
  type DirectoryEntry,
  type FileKind,
  type FileStat,
  type FileSystem,
  FileSystemError,
  type OpenFile,
} from './file-system.ts'

/** Reads at most this much per system call: larger ones fail on some platforms. */
const MAX_IO_BYTES = 1 << 30
const isWindows = process.platform === 'win32'
// Absent on Windows, where opening a link for reading is caught by the stat that precedes it.
const NO_FOLLOW = fs.constants.O_NOFOLLOW ?? 0
const READ_FLAGS = fs.constants.O_RDONLY | NO_FOLLOW | (fs.constants.O_NONBLOCK ?? 0)

/** What systems say where bytes cannot be shared: other kinds of file system, two of them, or a platform without it. */
const CANNOT_SHARE: ReadonlySet<string> = new Set([
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'ENOTTY',
  'EXDEV',
  'EINVAL',
  'EPERM',
])

export const nodeFs: FileSystem = {
  open(path, mode, options = {}) {
    return run('open', path, () => {
      const permissions = options.private ? 0o600 : options.executable ? 0o777 : 0o666
      const flags = mode === 'read' ? READ_FLAGS : mode === 'create' ? 'wx+' : 'a+'
      return new NodeFile(path, fs.openSync(path, flags, permissions))
    })
  },
  readFile(path, maxBytes) {
    const file = nodeFs.open(path, 'read')
    try {
      const { bytes, kind } = file.stat()
      // Its size says nothing: whoever reads a folder shall learn that it is one, however small the limit.
      if (kind === 'directory') throw new FileSystemError('EISDIR', 'read', path)
      if (bytes > maxBytes) throw new FileSystemError('EFBIG', 'read', path)
      const contents = new Uint8Array(bytes)
      const count = file.read(contents, 0)
      return count === bytes ? contents : contents.subarray(0, count)
    } finally {
      file.close()
    }
  },
  stat(path) {
    try {
      const stat = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
      return stat && toStat(stat)
    } catch (error) {
      const failure = toError('stat', path, error)
      if (failure.errno === 'ENOENT' || failure.errno === 'ENOTDIR') return undefined
      throw failure
    }
  },
  quickStat(path) {
    try {
      return fs.lstatSync(path, QUICK)
    } catch {
      return undefined
    }
  },
  readStart(path, buffer, at, limit) {
    let fd = -1
    try {
      fd = fs.openSync(path, READ_FLAGS)
      const count = limit === 0 ? 0 : fs.readSync(fd, buffer, at, limit, null)
      const stat = fs.fstatSync(fd, BIG)
      return (Number(stat.mode) & fs.constants.S_IFMT) === fs.constants.S_IFREG ? { count, stat } : undefined
    } catch {
      return undefined
    } finally {
      if (fd >= 0) closeQuietly(fd)
    }
  },
  readDirectory(path) {
    return run('read directory', path, () =>
      fs
        .readdirSync(path, { withFileTypes: true, encoding: 'buffer' })
        .map((entry): DirectoryEntry => ({ name: entry.name as unknown as Uint8Array, kind: kindOf(entry) })),
    )
  },
  readTextDirectory(path) {
    return run('read directory', path, () => {
      const listing: { name: string; kind: FileKind }[] = []
      for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
        // What is not UTF-8 was replaced; so may be a name that really has this character.
        if (entry.name.includes('\ufffd')) return undefined
        listing.push({ name: entry.name, kind: kindOf(entry) })
      }
      return listing
    })
  },
  readNames(path) {
    return run('read directory', path, () => fs.readdirSync(path))
  },
  makeDirectory(path) {
    run('make directory', path, () => makeDirectories(path))
  },
  rename(from, to) {
    run('rename', to, () => fs.renameSync(from, to))
  },
  link(existing, path) {
    run('link', path, () => fs.linkSync(existing, path))
  },
  unlink(path) {
    run('unlink', path, () => fs.unlinkSync(path))
  },
  removeDirectory(path) {
    run('remove directory', path, () => fs.rmdirSync(path))
  },
  symlink(target, path) {
    run('symlink', path, () => fs.symlinkSync(Buffer.from(target), path))
  },
  readLink(path) {
    return run('read link', path, () => fs.readlinkSync(path, { encoding: 'buffer' }) as Uint8Array)
  },
  setExecutable(path, executable) {
    if (isWindows) return // no such bit
    run('chmod', path, () => {
      // Through a descriptor that refuses links, so that nothing outside is ever changed.
      const fd = fs.openSync(path, READ_FLAGS)
      try {
        const mode = Number(fs.fstatSync(fd).mode) & 0o777
        // Whoever may read it may run it, as git does; the umask has already shaped the read bits.
        fs.fchmodSync(fd, executable ? mode | ((mode & 0o444) >> 2) : mode & ~0o111)
      } finally {
        fs.closeSync(fd)
      }
    })
  },
  shareBytes(from, to) {
    try {
      fs.copyFileSync(from, to, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE_FORCE)
      return true
    } catch (error) {
      const failure = toError('share bytes', to, error)
      if (!CANNOT_SHARE.has(failure.errno)) throw failure
      return false
    }
  },
  async syncDirectory(path) {
    if (isWindows) return // directories cannot be opened there; NTFS journals names by itself
    const fd = run('open', path, () => fs.openSync(path, 'r'))
    try {
      await syncFd(fd, path)
    } finally {
      fs.closeSync(fd)
    }
  },
  /** Node has no `syncfs`, a program of coreutils and busybox has: 20,000 files take 0.24 s where as many calls of `fsync` take
   *  2 to 4 (ext4). */
  async syncWhole(path) {
    if (process.platform !== 'linux') return false
    const { execFile } = await import('node:child_process')
    return new Promise((resolve) => void execFile('sync', ['-f', path], (error) => resolve(error === null)))
  },
}

const BIG = { bigint: true } as const
const QUICK = { throwIfNoEntry: false } as const

class NodeFile implements OpenFile {
  readonly #path: string
  readonly #fd: number
  #open = true

  constructor(path: string, fd: number) {
    this.#path = path
    this.#fd = fd
  }

  read(buffer: Uint8Array, position: number): number {
    return run('read', this.#path, () => {
      let done = 0
      while (done < buffer.length) {
        const count = fs.readSync(this.#fd, buffer, done, Math.min(buffer.length - done, MAX_IO_BYTES), position + done)
        if (count === 0) break
        done += count
      }
      return done
    })
  }

  write(bytes: Uint8Array): void {
    run('write', this.#path, () => {
      let done = 0
      while (done < bytes.length)
        done += fs.writeSync(this.#fd, bytes, done, Math.min(bytes.length - done, MAX_IO_BYTES))
    })
  }

  sync(): Promise<void> {
    return syncFd(this.#fd, this.#path)
  }

  stat(): FileStat {
    return run('stat', this.#path, () => toStat(fs.fstatSync(this.#fd, { bigint: true })))
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    run('close', this.#path, () => fs.closeSync(this.#fd))
  }
}

/** Of what was only read nothing can be lost. */
function closeQuietly(fd: number): void {
  try {
    fs.closeSync(fd)
  } catch {}
}

function syncFd(fd: number, path: string): Promise<void> {
  return new Promise((resolve, reject) =>
    fs.fsync(fd, (error) => (error ? reject(toError('sync', path, error)) : resolve())),
  )
}

function toStat(stat: fs.BigIntStats): FileStat {
  const mode = Number(stat.mode)
  return {
    kind: KINDS.get(mode & fs.constants.S_IFMT) ?? 'other',
    bytes: Number(stat.size),
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    inode: BigInt.asUintN(64, stat.ino),
    device: stat.dev,
    executable: !isWindows && (mode & 0o100) !== 0,
  }
}

const KINDS = new Map<number, FileKind>([
  [fs.constants.S_IFREG, 'file'],
  [fs.constants.S_IFDIR, 'directory'],
  [fs.constants.S_IFLNK, 'symlink'],
])

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): FileKind {
  if (entry.isFile()) return 'file'
  if (entry.isSymbolicLink()) return 'symlink'
  return entry.isDirectory() ? 'directory' : 'other'
}

function run<T>(operation: string, path: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw toError(operation, path, error)
  }
}

function toError(operation: string, path: string, error: unknown): FileSystemError {
  if (error instanceof FileSystemError) return error
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (typeof code !== 'string') throw error
  return new FileSystemError(code, operation, path, error)
}

/** With the directories above it. Node's own `recursive` never returns where a parent exists and says that it does not, as
 *  `/proc` does of everything that one would make in it. */
function makeDirectories(path: string): void {
  try {
    fs.mkdirSync(path)
  } catch (error) {
    if (isDirectory(path)) return
    const parent = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path || isDirectory(parent)) throw error
    makeDirectories(parent)
    try {
      fs.mkdirSync(path)
    } catch (second) {
      // Somebody else has made it meanwhile.
      if (!isDirectory(path)) throw second
    }
  }
}

function isDirectory(path: string): boolean {
  try {
    return fs.statSync(path).isDirectory()
  } catch {
    return false
  }
}
