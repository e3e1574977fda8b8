/** The kernel of `engine-kernel.ts`. Memory is laid out by the caller from `__heap_base` on; nothing here allocates. The
 *  scalar kernel has the same exports, memory layout and tables: its build takes `scalar-*.ts` where there is one. */

export { derivative, fft, ifft } from './transform';
export { add, copy, scale } from './vectors';
export { pack, unpack } from './layout';
export { hashLeaves, hashPairs, merkleRoot } from './hash';

/** First byte that the kernel does not use itself. */
export function heapBase(): usize {
  return __heap_base;
}
