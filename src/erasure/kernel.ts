/** The compiled kernel, from its bytes. How the bytes are had is for `kernel-file.ts` and `browser.ts` to say. */

/** Exports of kernels/assembly; pointers and sizes in bytes. */
export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  heapBase(): number
  add(to: number, from: number, rows: number, stride: number, plane: number, len: number): void
  copy(to: number, from: number, rows: number, stride: number, plane: number, len: number): void
  /** Makes results [first, end) only. */
  fft(
    base: number,
    stride: number,
    plane: number,
    len: number,
    size: number,
    delta: number,
    first: number,
    end: number,
    tables: number,
  ): void
  /** Inputs from `nonzero` on are zero. */
  ifft(
    base: number,
    stride: number,
    plane: number,
    len: number,
    size: number,
    delta: number,
    nonzero: number,
    tables: number,
  ): void
  derivative(base: number, stride: number, plane: number, len: number, size: number): void
  scale(vector: number, plane: number, len: number, table: number): void
  pack: Move
  unpack: Move
  hashLeaves(symbols: number, stride: number, symbolBytes: number, count: number, leaves: number, step: number): void
  hashPairs(nodes: number, count: number, parents: number): void
  merkleRoot(leaves: number, leafStride: number, count: number, scratch: number, root: number): void
}

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

const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi }

/** True if this runtime knows every instruction in the kernel. */
export function runtimeSupports(kernel: Uint8Array): boolean {
  return WebAssembly.validate(kernel)
}

/** A compiled kernel, of which instances are cheap. */
export function compileKernel(kernel: Uint8Array): object {
  return new WebAssembly.Module(kernel)
}

/** A new instance with memory of its own. */
export function instantiateKernel(module: object): Kernel {
  return new WebAssembly.Instance(module, {}).exports as Kernel
}
