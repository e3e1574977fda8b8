/** The prover's loop as a WebAssembly module that asks the system itself, by the interface that Node gives to such
 *  modules (WASI). It says of a stretch of records what it could not prove; `prover.ts` looks there again. So it need
 *  not be there, and is not where Node or the system might see files in another way: then the prover does all. */

import { readFileSync } from 'node:fs'
import type { SharedMemory } from '../store/shared-memory.ts'
import type { StatRecords } from '../store/stat-records.ts'

// What is used here of what TypeScript declares for browsers only.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { exports: unknown }
}

interface ProveExports {
  ROOM_BYTES: { value: number }
  open(length: number, room: number, dir: number, secret: bigint): number
  prove(from: number, to: number): number
  events(): number
}

/** Kinds of `ProverEvent`. */
export const DIFFERS = 0
export const NO_FOLDER = 1
export const OTHER_NAMES = 2

/** Something that could not be proven. */
export interface ProverEvent {
  kind: typeof DIFFERS | typeof NO_FOLDER | typeof OTHER_NAMES
  /** Place of the record that differs, or of the first record in the folder. */
  index: number
  /** Bytes of the folder's path within that record's; 0 for the root. */
  folderBytes: number
}

const KERNEL = new URL('./kernels/prove.wasm', import.meta.url)
/** The first folder that a module is given. */
const ROOT_FD = 3
const EVENT_WORDS = 3

interface Wasi {
  getImportObject(): object
  initialize(instance: object): void
  wasiImport: { fd_close(fd: number): number }
}

export class ProverKernel {
  readonly #wasi: Wasi
  readonly #kernel: ProveExports
  readonly #memory: SharedMemory

  private constructor(wasi: Wasi, kernel: ProveExports, memory: SharedMemory) {
    this.#wasi = wasi
    this.#kernel = kernel
    this.#memory = memory
  }

  /** @param room - where in the memory of the records there is room to work in, for this one alone
   *  @returns undefined where it cannot be had */
  static open(records: StatRecords, root: string, room: number): ProverKernel | undefined {
    const { memory } = records
    // Elsewhere names are folded, normalised or written in another way; it has been tried on Linux only.
    if (!memory || process.platform !== 'linux') return undefined
    try {
      const wasi = createWasi(root === '' ? '/' : root)
      const imports = { ...wasi.getImportObject(), env: { memory } }
      const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(KERNEL)), imports)
      wasi.initialize({ exports: { memory } })
      const kernel = instance.exports as ProveExports
      const opened = new ProverKernel(wasi, kernel, memory)
      const isRoom = room + kernel.ROOM_BYTES.value <= memory.buffer.byteLength
      // Whoever makes up names to hide some cannot know this.
      if (isRoom && kernel.open(records.bytes.length, room, ROOT_FD, process.hrtime.bigint()) === records.count)
        return opened
      opened.close()
    } catch {
      // Node may be built without it, or forbid it.
    }
    return undefined
  }

  /** What it could not prove, in order; undefined if somebody else has to look at all. */
  prove(from: number, to: number): ProverEvent[] | undefined {
    let count: number
    try {
      count = this.#kernel.prove(from, to)
    } catch {
      return undefined
    }
    if (count < 0) return undefined
    if (count === 0) return NOTHING
    const words = new Uint32Array(this.#memory.buffer, this.#kernel.events(), count * EVENT_WORDS)
    return Array.from({ length: count }, (_, i) => ({
      kind: words[i * EVENT_WORDS] as ProverEvent['kind'],
      index: words[i * EVENT_WORDS + 1]!,
      folderBytes: words[i * EVENT_WORDS + 2]!,
    }))
  }

  close(): void {
    this.#wasi.wasiImport.fd_close(ROOT_FD)
  }
}

const NOTHING: ProverEvent[] = []

/** Node says of the interface that it may change; what we use of it is tried before it is relied on, and the user need
 *  not hear of it. */
function createWasi(root: string): Wasi {
  const warn = process.emitWarning
  process.emitWarning = () => {}
  try {
    const { WASI } = process.getBuiltinModule('node:wasi')
    return new WASI({ version: 'preview1', preopens: { '/': root } }) as unknown as Wasi
  } finally {
    process.emitWarning = warn
  }
}
