/** A disk that fills up: from one write on, every call that needs room fails with ENOSPC, below some folders and wherever in
 *  this process it comes from (store, cache, work tree, journals). Or from one byte on: then the write in which it fills up
 *  is cut short, as the kernel does it. What gives room back goes on working. */

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

export interface FullDisk extends Disposable {
  /** Calls that needed room so far, failed ones included. */
  readonly writes: number
  /** Bytes of contents written so far. */
  readonly bytes: number
  /** From now on so many more succeed. */
  fill(after: number): void
  /** From now on there is room for so many bytes of contents. Once it is used up, names need room as well. */
  fillBytes(after: number): void
  /** There is room again. */
  empty(): void
}

type Call = (...args: never[]) => unknown
/** Calls of `node:fs` that need room, and which of their arguments names the place. */
const WRITERS: Readonly<Record<string, number>> = {
  writeSync: 0,
  ftruncateSync: 0,
  mkdirSync: 0,
  linkSync: 1,
  symlinkSync: 1,
  renameSync: 1,
  copyFileSync: 1,
  writeFileSync: 0,
  mkdtempSync: 0,
}
const PROMISED: Readonly<Record<string, number>> = {
  mkdir: 0,
  link: 1,
  symlink: 1,
  rename: 1,
  copyFile: 1,
  cp: 1,
  writeFile: 0,
  appendFile: 0,
  mkdtemp: 0,
}

/** @param folders - absolute paths; nothing elsewhere is touched */
export function createFullDisk(folders: readonly string[]): FullDisk {
  let writes = 0
  let room = Number.POSITIVE_INFINITY
  let bytes = 0
  let roomBytes = Number.POSITIVE_INFINITY
  const descriptors = new Map<number, string>()
  const isMeant = (place: unknown) => {
    const path = typeof place === 'number' ? (descriptors.get(place) ?? '') : String(place)
    return folders.some((folder) => path === folder || path.startsWith(`${folder}/`))
  }
  const take = (place: unknown, syscall: string) => {
    if (!isMeant(place)) return
    writes++
    if (room-- > 0 && roomBytes > 0) return
    throw Object.assign(new Error(`ENOSPC: no space left on device, ${syscall}`), { code: 'ENOSPC', syscall })
  }
  const undo: (() => void)[] = []
  const replace = (object: object, name: string, wrap: (call: Call) => Call) => {
    const calls = object as Record<string, Call>
    const original = calls[name]!
    calls[name] = wrap(original)
    undo.push(() => void (calls[name] = original))
  }
  /** How much of some contents still goes there. */
  const takeBytes = (place: unknown, length: number): number => {
    if (!isMeant(place)) return length
    const taken = Math.min(length, roomBytes)
    bytes += taken
    roomBytes -= taken
    return taken
  }
  for (const [name, at] of Object.entries(WRITERS))
    replace(fs, name, (call) => (...args) => {
      // A directory that is there needs no room.
      if (name !== 'mkdirSync' || !fs.existsSync(args[at] as unknown as string)) take(args[at], name)
      if (name !== 'writeSync' || !ArrayBuffer.isView(args[1])) return call(...args)
      const [fd, buffer, offset = 0, length, position] = args as unknown as [
        number,
        Uint8Array,
        number?,
        number?,
        number?,
      ]
      const taken = takeBytes(fd, length ?? buffer.byteLength - offset)
      return call(...([fd, buffer, offset, taken, position] as never[]))
    })
  for (const [name, at] of Object.entries(PROMISED))
    replace(fs.promises, name, (call) => async (...args) => {
      if (name !== 'mkdir' || !fs.existsSync(args[at] as unknown as string)) take(args[at], name)
      return call(...args)
    })
  replace(fs, 'openSync', (call) => (...args) => {
    const [path, flags] = args as unknown as [string, string | number | undefined]
    const creates = typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : /[wa]/.test(flags ?? 'r')
    if (creates && !fs.existsSync(path)) take(path, 'open')
    const descriptor = call(...args) as number
    descriptors.set(descriptor, String(path))
    return descriptor
  })
  replace(fs, 'closeSync', (call) => (...args) => {
    descriptors.delete(args[0] as unknown as number)
    return call(...args)
  })
  syncBuiltinESMExports()
  return {
    get writes() {
      return writes
    },
    get bytes() {
      return bytes
    },
    fill(after) {
      room = after
    },
    fillBytes(after) {
      roomBytes = after
    },
    empty() {
      room = Number.POSITIVE_INFINITY
      roomBytes = Number.POSITIVE_INFINITY
    },
    [Symbol.dispose]() {
      for (const back of undo.toReversed()) back()
      syncBuiltinESMExports()
    },
  }
}
