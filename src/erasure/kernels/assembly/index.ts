/** The kernel of `engine-simd.ts`. Memory is laid out by the caller from `__heap_base` on; nothing here allocates. */

export { add, copy, derivative, fft, ifft, scale } from './transform';
export { pack, unpack } from './layout';
export { hashLeaves, merkleRoot } from './hash';

/** First byte that the kernel does not use itself. */
export function heapBase(): usize {
  return __heap_base;
}
