/** Loading of the compiled kernel. The relaxed build differs in one instruction and is used where the runtime has it. */

import { readFileSync } from 'node:fs'

/** Exports of kernels/assembly; pointers and sizes in bytes. */
export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  heapBase(): number
  add(to: number, from: number, rows: number, stride: number, plane: number, len: number): void
  copy(to: number, from: number, rows: number, stride: number, plane: number, len: number): void
  fft: Transform
  ifft: Transform
  derivative(base: number, stride: number, plane: number, len: number, size: number): void
  scale(vector: number, plane: number, len: number, table: number): void
  pack: Move
  unpack: Move
  hashLeaves(symbols: number, stride: number, symbolBytes: number, count: number, leaves: number, step: number): void
  merkleRoot(leaves: number, leafStride: number, count: number, scratch: number, root: number): void
}

/** `bound`: how many results are needed (forward) or inputs are not zero (inverse). */
type Transform = (
  base: number,
  stride: number,
  plane: number,
  len: number,
  size: number,
  delta: number,
  bound: number,
  tables: number,
) => void

type Move = (
  vector: number,
  plane: number,
  symbols: number,
  codewordStride: number,
  codewords: number,
  symbolBytes: number,
) => void

/** The part of the WebAssembly API in use; the compiler's library declares it only together with the DOM. */
interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

export type KernelName = 'rs2.wasm' | 'rs2-relaxed.wasm'

const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi }

const compiled = new Map<KernelName, object>()

function readKernel(name: KernelName): Uint8Array {
  return readFileSync(new URL(`./kernels/${name}`, import.meta.url))
}

/** The kernel for this runtime. */
export function bestKernel(): KernelName {
  return WebAssembly.validate(readKernel('rs2-relaxed.wasm')) ? 'rs2-relaxed.wasm' : 'rs2.wasm'
}

/** A new instance with memory of its own; each module is compiled once per thread. */
export function instantiateKernel(name: KernelName = bestKernel()): Kernel {
  let module = compiled.get(name)
  if (!module) {
    module = new WebAssembly.Module(readKernel(name))
    compiled.set(name, module)
  }
  return new WebAssembly.Instance(module, {}).exports as Kernel
}
