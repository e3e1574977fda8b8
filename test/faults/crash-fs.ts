/** A file system in memory that loses power.
 *
 *  What a program wrote is visible to it at once, as on a real machine, but durable only after `sync` (contents) and
 *  `syncDirectory` (names). At a crash every unsynced write and every unsynced change of a name survives or not, each
 *  for itself, in any combination; a rename stays atomic, as journalling file systems keep it. Harsher than POSIX
 *  systems are in practice, and exactly as harsh as POSIX allows them to be. */

import type { Rng } from '../../src/base/rng.ts'
import {
  type DirectoryEntry,
  type FileKind,
  type FileStat,
  type FileSystem,
  FileSystemError,
  type OpenFile,
  type OpenMode,
} from '../../src/store/file-system.ts'

/** Thrown by every call from the cut on. */
export class PowerCut extends Error {
  override name = 'PowerCut'
}

export type Fault = (operation: string, path: string, step: number) => string | undefined

interface Inode {
  number: bigint
  kind: FileKind
  executable: boolean
  target: Uint8Array
  mtimeNs: bigint
  ctimeNs: bigint
  data: Uint8Array
  durableData: Uint8Array
  pendingWrites: { at: number; bytes: Uint8Array }[]
  entries: Map<string, Inode>
  durableEntries: Map<string, Inode>
}

interface NameChange {
  dirs: readonly Inode[]
  apply(entriesOf: (dir: Inode) => Map<string, Inode>): void
}

const TICK_NS = 1_000_000n

export class CrashFs implements FileSystem {
  #root: Inode
  #pending: NameChange[] = []
  #nextInode = 2n
  #cut = false
  /** Its clock, in ns; every change moves it by a millisecond. */
  nowNs = 1_700_000_000_000_000_000n
  /** Changing calls so far. */
  steps = 0
  /** Power is lost at this step: the call has half its effect, and every later one fails. */
  cutAtStep = Number.POSITIVE_INFINITY
  /** Returns the errno a changing call fails with, if any. */
  fault: Fault = () => undefined

  constructor() {
    this.#root = this.#inode('directory', 1n)
  }

  /** What the machine finds when power returns. */
  reboot(rng: Rng): CrashFs {
    // Whole machines differ in how much they had written back; the extremes deserve more than their share.
    const survives = [0, 0.1, 0.5, 0.9, 1][rng.below(5)]!
    const copy = this.#copy(
      (inode) => copyMap(inode.durableEntries),
      (inode) => tornData(inode, rng, survives),
      (entriesOf) => {
        for (const change of this.#pending) if (rng.nextFloat() < survives) change.apply(entriesOf)
      },
    )
    return copy
  }

  /** An independent copy in which everything is durable. */
  clone(): CrashFs {
    return this.#copy(
      (inode) => copyMap(inode.entries),
      (inode) => inode.data.slice(),
      () => {},
    )
  }

  /** All files below a directory: path → contents (the target, for links). */
  contents(path: string): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>()
    const visit = (inode: Inode, at: string) => {
      if (inode.kind === 'directory') for (const [name, child] of inode.entries) visit(child, `${at}/${name}`)
      else found.set(at, inode.kind === 'symlink' ? inode.target : inode.data)
    }
    const start = this.#find(path)
    if (start) visit(start, path)
    return found
  }

  open(path: string, mode: OpenMode, options: { executable?: boolean } = {}): OpenFile {
    if (mode === 'read') return this.#openFile(this.#existing('open', path), path)
    const found = this.#find(path)
    if (found && mode === 'create') throw new FileSystemError('EEXIST', 'open', path)
    if (found?.kind === 'directory') throw new FileSystemError('EISDIR', 'open', path)
    if (found) return this.#openFile(found, path)
    const half = this.#step('open', path)
    const { dir, name } = this.#parent('open', path)
    const inode = this.#inode('file')
    inode.executable = options.executable ?? false
    this.#change([dir], (entriesOf) => entriesOf(dir).set(name, inode))
    half()
    return this.#openFile(inode, path)
  }

  readFile(path: string, maxBytes: number): Uint8Array {
    const inode = this.#existing('read', path)
    if (inode.kind === 'directory') throw new FileSystemError('EISDIR', 'read', path)
    if (inode.kind === 'symlink') throw new FileSystemError('ELOOP', 'read', path)
    if (inode.data.length > maxBytes) throw new FileSystemError('EFBIG', 'read', path)
    return inode.data.slice()
  }

  stat(path: string): FileStat | undefined {
    this.#assertPower()
    const inode = this.#find(path)
    return inode && statOf(inode)
  }

  readDirectory(path: string): DirectoryEntry[] {
    const inode = this.#existing('read directory', path)
    if (inode.kind !== 'directory') throw new FileSystemError('ENOTDIR', 'read directory', path)
    return [...inode.entries].map(([name, { kind }]) => ({ name: Buffer.from(name), kind }))
  }

  makeDirectory(path: string): void {
    // No recursion: a path of 10,000 levels would need more stack than some threads have.
    const missing: string[] = []
    for (let at = path; at !== '/' && this.#find(at)?.kind !== 'directory'; at = parentOf(at)) missing.push(at)
    for (const at of missing.reverse()) this.#makeOneDirectory(at)
  }

  #makeOneDirectory(path: string): void {
    const half = this.#step('make directory', path)
    const { dir, name } = this.#parent('make directory', path)
    if (dir.entries.has(name)) throw new FileSystemError('EEXIST', 'make directory', path)
    const inode = this.#inode('directory')
    this.#change([dir], (entriesOf) => entriesOf(dir).set(name, inode))
    half()
  }

  rename(from: string, to: string): void {
    const half = this.#step('rename', to)
    const source = this.#parent('rename', from)
    const target = this.#parent('rename', to)
    const inode = source.dir.entries.get(source.name)
    if (!inode) throw new FileSystemError('ENOENT', 'rename', from)
    if (target.dir.entries.get(target.name)?.kind === 'directory') throw new FileSystemError('EISDIR', 'rename', to)
    inode.ctimeNs = this.nowNs
    this.#change([source.dir, target.dir], (entriesOf) => {
      entriesOf(source.dir).delete(source.name)
      entriesOf(target.dir).set(target.name, inode)
    })
    half()
  }

  link(existing: string, path: string): void {
    const half = this.#step('link', path)
    const inode = this.#existing('link', existing)
    const { dir, name } = this.#parent('link', path)
    if (dir.entries.has(name)) throw new FileSystemError('EEXIST', 'link', path)
    this.#change([dir], (entriesOf) => entriesOf(dir).set(name, inode))
    half()
  }

  unlink(path: string): void {
    const half = this.#step('unlink', path)
    const { dir, name } = this.#parent('unlink', path)
    const inode = dir.entries.get(name)
    if (!inode) throw new FileSystemError('ENOENT', 'unlink', path)
    if (inode.kind === 'directory') throw new FileSystemError('EISDIR', 'unlink', path)
    this.#change([dir], (entriesOf) => entriesOf(dir).delete(name))
    half()
  }

  removeDirectory(path: string): void {
    const half = this.#step('remove directory', path)
    const { dir, name } = this.#parent('remove directory', path)
    const inode = dir.entries.get(name)
    if (!inode) throw new FileSystemError('ENOENT', 'remove directory', path)
    if (inode.kind !== 'directory') throw new FileSystemError('ENOTDIR', 'remove directory', path)
    if (inode.entries.size > 0) throw new FileSystemError('ENOTEMPTY', 'remove directory', path)
    this.#change([dir], (entriesOf) => entriesOf(dir).delete(name))
    half()
  }

  symlink(target: Uint8Array, path: string): void {
    const half = this.#step('symlink', path)
    const { dir, name } = this.#parent('symlink', path)
    if (dir.entries.has(name)) throw new FileSystemError('EEXIST', 'symlink', path)
    const inode = this.#inode('symlink')
    inode.target = target.slice()
    this.#change([dir], (entriesOf) => entriesOf(dir).set(name, inode))
    half()
  }

  readLink(path: string): Uint8Array {
    const inode = this.#existing('read link', path)
    if (inode.kind !== 'symlink') throw new FileSystemError('EINVAL', 'read link', path)
    return inode.target.slice()
  }

  setExecutable(path: string, executable: boolean): void {
    const half = this.#step('chmod', path)
    const inode = this.#existing('chmod', path)
    inode.executable = executable
    inode.ctimeNs = this.nowNs
    half()
  }

  async syncDirectory(path: string): Promise<void> {
    const half = this.#step('sync directory', path)
    const inode = this.#existing('sync directory', path)
    half() // a cut during the sync leaves its changes pending
    const kept: NameChange[] = []
    for (const change of this.#pending) {
      if (change.dirs.includes(inode)) change.apply((dir) => dir.durableEntries)
      else kept.push(change)
    }
    this.#pending = kept
  }

  #openFile(inode: Inode, path: string): OpenFile {
    if (inode.kind === 'symlink') throw new FileSystemError('ELOOP', 'open', path)
    return {
      read: (buffer, position) => {
        this.#assertPower()
        if (inode.kind === 'directory') throw new FileSystemError('EISDIR', 'read', path)
        const bytes = inode.data.subarray(position, position + buffer.length)
        buffer.set(bytes)
        return bytes.length
      },
      write: (bytes) => {
        const half = this.#step('write', path)
        const at = inode.data.length
        inode.pendingWrites.push({ at, bytes: bytes.slice() })
        const grown = new Uint8Array(at + bytes.length)
        grown.set(inode.data)
        grown.set(bytes, at)
        inode.data = grown
        inode.mtimeNs = this.nowNs
        inode.ctimeNs = this.nowNs
        half()
      },
      sync: async () => {
        const half = this.#step('sync', path)
        half() // a cut during the sync leaves the writes pending
        inode.durableData = inode.data.slice()
        inode.pendingWrites = []
      },
      stat: () => {
        this.#assertPower()
        return statOf(inode)
      },
      close: () => {},
    }
  }

  /** Counts a changing call; the function it returns cuts the power once the call has had its effect. */
  #step(operation: string, path: string): () => void {
    this.#assertPower()
    this.steps += 1
    this.nowNs += TICK_NS
    const errno = this.fault(operation, path, this.steps)
    if (errno) throw new FileSystemError(errno, operation, path)
    return () => {
      if (this.steps < this.cutAtStep) return
      this.#cut = true
      throw new PowerCut(`power lost at step ${this.steps}: ${operation} ${path}`)
    }
  }

  #assertPower(): void {
    if (this.#cut) throw new PowerCut('there is no power')
  }

  #change(dirs: readonly Inode[], apply: NameChange['apply']): void {
    for (const dir of dirs) dir.mtimeNs = dir.ctimeNs = this.nowNs
    apply((dir) => dir.entries)
    this.#pending.push({ dirs, apply })
  }

  #inode(kind: FileKind, number = this.#nextInode++): Inode {
    return {
      number,
      kind,
      executable: false,
      target: new Uint8Array(0),
      mtimeNs: this.nowNs,
      ctimeNs: this.nowNs,
      data: new Uint8Array(0),
      durableData: new Uint8Array(0),
      pendingWrites: [],
      entries: new Map(),
      durableEntries: new Map(),
    }
  }

  #find(path: string): Inode | undefined {
    this.#assertPower()
    let inode: Inode | undefined = this.#root
    for (const name of path.split('/')) if (name !== '') inode = inode?.entries.get(name)
    return inode
  }

  #existing(operation: string, path: string): Inode {
    const inode = this.#find(path)
    if (!inode) throw new FileSystemError('ENOENT', operation, path)
    return inode
  }

  #parent(operation: string, path: string): { dir: Inode; name: string } {
    const dir = this.#existing(operation, parentOf(path))
    if (dir.kind !== 'directory') throw new FileSystemError('ENOTDIR', operation, path)
    return { dir, name: path.slice(path.lastIndexOf('/') + 1) }
  }

  #copy(
    entriesOf: (inode: Inode) => Map<string, Inode>,
    dataOf: (inode: Inode) => Uint8Array,
    adjust: (entriesOf: (dir: Inode) => Map<string, Inode>) => void,
  ): CrashFs {
    const surviving = new Map<Inode, Map<string, Inode>>()
    const survivingOf = (dir: Inode) => {
      const known = surviving.get(dir)
      if (known) return known
      const entries = entriesOf(dir)
      surviving.set(dir, entries)
      return entries
    }
    adjust(survivingOf)
    const copies = new Map<Inode, Inode>()
    const copyOf = (inode: Inode): Inode => {
      const known = copies.get(inode)
      if (known) return known
      const data = inode.kind === 'file' ? dataOf(inode) : inode.data
      const copied: Inode = { ...inode, data, durableData: data.slice(), pendingWrites: [], entries: new Map() }
      copies.set(inode, copied)
      if (inode.kind === 'directory')
        for (const [name, child] of survivingOf(inode)) copied.entries.set(name, copyOf(child))
      copied.durableEntries = copyMap(copied.entries)
      return copied
    }
    const machine = new CrashFs()
    machine.#root = copyOf(this.#root)
    machine.#nextInode = this.#nextInode
    machine.nowNs = this.nowNs + 1_000_000_000n
    return machine
  }
}

/** Durable contents plus some of the writes since, cut at any byte, with zeros where a hole is left. */
function tornData(inode: Inode, rng: Rng, survives: number): Uint8Array {
  let data = inode.durableData.slice()
  for (const { at, bytes } of inode.pendingWrites) {
    if (rng.nextFloat() >= survives) continue
    const kept = survives === 1 ? bytes : bytes.subarray(0, rng.below(bytes.length + 1))
    const grown = new Uint8Array(Math.max(data.length, at + kept.length))
    grown.set(data)
    grown.set(kept, at)
    data = grown
  }
  return data
}

function statOf(inode: Inode): FileStat {
  return {
    kind: inode.kind,
    bytes: inode.kind === 'symlink' ? inode.target.length : inode.data.length,
    mtimeNs: inode.mtimeNs,
    ctimeNs: inode.ctimeNs,
    inode: inode.number,
    executable: inode.executable,
  }
}

function copyMap<K, V>(map: Map<K, V>): Map<K, V> {
  return new Map(map)
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}
