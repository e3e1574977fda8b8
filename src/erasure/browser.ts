/** The coder for browsers: nothing that this file reaches imports Node; a test walks the imports.
 *
 *  It runs on the thread that calls it, so large blobs belong into a web worker. Kernels are fetched from where this
 *  file's own folder is served, or from `kernels`. */

import { type Coder, createCoder } from './coder.ts'
import { createKernelEngine } from './engine-kernel.ts'
import { ErasureError } from './errors.ts'
import { compileKernel, instantiateKernel, runtimeSupports } from './kernel.ts'

export interface BrowserCoderOptions {
  /** Folder of the kernels, ending in a slash; default `./kernels/` beside this file. */
  readonly kernels?: URL | string
  readonly fetch?: typeof globalThis.fetch
}

/** Fastest first, as `kernel-file.ts` has them. */
const KERNELS = [
  { file: 'rs2-relaxed.wasm', engine: 'simd' },
  { file: 'rs2.wasm', engine: 'simd' },
  { file: 'rs2-scalar.wasm', engine: 'scalar' },
] as const

/** Fetches the fastest kernel that this browser can run.
 *  @throws {ErasureError} ERASURE_KERNEL if none can be had */
export async function loadCoder(options: BrowserCoderOptions = {}): Promise<Coder> {
  const folder = new URL(options.kernels ?? './kernels/', import.meta.url)
  const request = options.fetch ?? globalThis.fetch
  for (const { file, engine } of KERNELS) {
    const url = new URL(file, folder)
    const response = await request(url)
    if (!response.ok)
      throw new ErasureError('ERASURE_KERNEL', `the kernel cannot be fetched: ${response.status}`, {
        file,
        status: response.status,
      })
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (runtimeSupports(bytes)) return createCoder(createKernelEngine(instantiateKernel(compileKernel(bytes)), engine))
  }
  throw new ErasureError('ERASURE_KERNEL', 'this browser runs none of the kernels', {})
}
