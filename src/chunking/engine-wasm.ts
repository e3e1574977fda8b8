/** The WebAssembly engine: the loop of `engine-plain.ts`, three to six times as fast, over a copy of the bytes. */

import { readFileSync } from 'node:fs'
import type { ChunkEngine, Cutter } from './engine.ts'
import { GEAR_TABLE } from './gear.ts'
import { type ChunkParams, type CutLimits, cutLimits, parseChunkParams } from './params.ts'

// The part of the global that is used here: TypeScript declares it for browsers only.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: unknown }
}

interface GearExports {
  memory: { buffer: ArrayBuffer; grow(pages: number): number }
  pendingBytes: { value: number }
  pendingHash: { value: number }
  scan(
    from: number,
    to: number,
    length: number,
    hash: number,
    minBytes: number,
    normalBytes: number,
    maxBytes: number,
    hardThreshold: number,
    easyThreshold: number,
  ): number
}

/** Where the bytes start in linear memory: one page after the gear table. */
const BYTES_AT = 65_536
/** Bytes copied per pass; more does not pay, less makes calls. */
const PASS_BYTES = 1_048_576

class WasmCutter implements Cutter {
  readonly #kernel: GearExports
  readonly #memory: Uint8Array
  readonly #limits: CutLimits
  #length = 0
  #hash = 0

  constructor(kernel: GearExports, memory: Uint8Array, limits: CutLimits) {
    this.#kernel = kernel
    this.#memory = memory
    this.#limits = limits
  }

  get pendingBytes(): number {
    return this.#length
  }

  feed(bytes: Uint8Array): number[] {
    const cuts: number[] = []
    for (let from = 0; from < bytes.length; from += PASS_BYTES) {
      const pass = bytes.subarray(from, from + PASS_BYTES)
      this.#memory.set(pass, BYTES_AT)
      this.#scanPass(pass.length, from - BYTES_AT, cuts)
    }
    return cuts
  }

  #scanPass(passBytes: number, shift: number, cuts: number[]): void {
    const { minBytes, normalBytes, maxBytes, hardThreshold, easyThreshold } = this.#limits
    const { scan, pendingBytes, pendingHash } = this.#kernel
    const to = BYTES_AT + passBytes
    let at = BYTES_AT
    let length = this.#length
    let hash = this.#hash
    while (at < to) {
      const cut = scan(at, to, length, hash, minBytes, normalBytes, maxBytes, hardThreshold, easyThreshold) >>> 0
      length = pendingBytes.value >>> 0
      hash = pendingHash.value >>> 0
      if (cut === 0) break
      cuts.push(cut + shift)
      at = cut
    }
    this.#length = length
    this.#hash = hash
  }
}

/** Instantiates the kernel. Synchronous: it is less than a kilobyte. */
export function createWasmEngine(): ChunkEngine {
  const module = new WebAssembly.Module(readFileSync(new URL('./kernels/gear.wasm', import.meta.url)))
  const kernel = new WebAssembly.Instance(module).exports as GearExports
  const missingPages = Math.ceil((BYTES_AT + PASS_BYTES - kernel.memory.buffer.byteLength) / 65_536)
  if (missingPages > 0) kernel.memory.grow(missingPages)
  new Uint32Array(kernel.memory.buffer, 0, 256).set(GEAR_TABLE)
  const memory = new Uint8Array(kernel.memory.buffer)
  return {
    name: 'wasm',
    // Cutters share the memory: a pass starts with its copy and ends before anything else can run.
    createCutter: (params: ChunkParams) => new WasmCutter(kernel, memory, cutLimits(parseChunkParams(params))),
  }
}

let shared: ChunkEngine | undefined

/** The engine of this thread, made at first use. */
export function wasmEngine(): ChunkEngine {
  shared ??= createWasmEngine()
  return shared
}
