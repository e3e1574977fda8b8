/** The compiled kernels that stand beside this file, and which of them suits this runtime. */

import { readFileSync } from 'node:fs'
import { compileKernel, instantiateKernel, type Kernel, runtimeSupports } from './kernel.ts'

export type KernelName = 'rs2-relaxed.wasm' | 'rs2.wasm' | 'rs2-scalar.wasm'

/** Fastest first. The first two differ in the table lookup and one rotation; the last needs no vector instructions. */
const KERNEL_NAMES: readonly KernelName[] = ['rs2-relaxed.wasm', 'rs2.wasm', 'rs2-scalar.wasm']

const compiled = new Map<KernelName, object>()
let best: KernelName | undefined

function readKernel(name: KernelName): Uint8Array {
  return readFileSync(new URL(`./kernels/${name}`, import.meta.url))
}

/** Kernels that this runtime can run, fastest first. */
export function supportedKernels(): KernelName[] {
  return KERNEL_NAMES.filter((name) => runtimeSupports(readKernel(name)))
}

/** The fastest kernel for this runtime. */
export function bestKernel(): KernelName {
  best ??= KERNEL_NAMES.find((name) => runtimeSupports(readKernel(name)))
  if (!best) throw new TypeError('this runtime has no WebAssembly')
  return best
}

/** A new instance; each module is compiled once per thread. */
export function openKernel(name: KernelName = bestKernel()): Kernel {
  let module = compiled.get(name)
  if (!module) {
    module = compileKernel(readKernel(name))
    compiled.set(name, module)
  }
  return instantiateKernel(module)
}
