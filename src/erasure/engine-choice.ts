/** Which engine a thread runs. */

import type { Engine } from './engine.ts'
import { createKernelEngine } from './engine-kernel.ts'
import { createNaiveEngine } from './engine-naive.ts'
import { bestKernel, type KernelName, openKernel } from './kernel-file.ts'

/** `naive` is there to be read and compared with: a thousand times slower. */
export type EngineName = KernelName | 'naive'

/** @param name - default the fastest that this runtime has */
export function createEngine(name: EngineName = bestKernel()): Engine {
  if (name === 'naive') return createNaiveEngine()
  return createKernelEngine(openKernel(name), name === 'rs2-scalar.wasm' ? 'scalar' : 'simd')
}
