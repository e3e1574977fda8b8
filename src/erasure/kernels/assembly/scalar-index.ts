/** The kernel without vector instructions: the same exports, memory layout and tables as `index.ts`. */

export { add, copy, derivative, fft, ifft, scale } from './scalar-transform';
export { pack, unpack } from './scalar-layout';
export { hashLeaves, merkleRoot } from './scalar-hash';

/** First byte that the kernel does not use itself. */
export function heapBase(): usize {
  return __heap_base;
}
