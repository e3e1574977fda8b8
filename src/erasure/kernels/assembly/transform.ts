/** The order of butterflies in the transforms. `vectors` is the one with vector instructions or the scalar one, as the build
 *  decides; both take what `vectors.ts` describes. */

import { add, backward, forward } from './vectors';

/** Forward transform of `size` vectors at offset `delta`; only the results from `first` to before `end` are made.
 *  @param tables - tables of the even factors 0, 2, 4 … */
export function fft(
  base: usize, stride: usize, plane: usize, len: usize, size: i32, delta: i32, first: i32, end: i32, tables: usize,
): void {
  let m = 31 - clz(size) - 1;
  for (let d = size >> 1; d > 0; d >>= 1, m--) {
    const half = <usize>d * stride;
    for (let r = first & (-2 * d); r < end; r += 2 * d) {
      const w = (r + delta) >> m;
      const a = base + <usize>r * stride;
      if (w == 0) add(a + half, a, d, stride, plane, len);
      else forward(a, a + half, d, stride, plane, len, tables + (<usize>w << 6));
    }
  }
}

/** Inverse transform of `size` vectors at offset `delta`, of which those from `nonzero` on are zero. */
export function ifft(
  base: usize, stride: usize, plane: usize, len: usize, size: i32, delta: i32, nonzero: i32, tables: usize,
): void {
  let m = 0;
  for (let d = 1; d < size; d <<= 1, m++) {
    const half = <usize>d * stride;
    for (let r = 0; r < nonzero; r += 2 * d) {
      const w = (r + delta) >> m;
      const a = base + <usize>r * stride;
      if (w == 0) add(a + half, a, d, stride, plane, len);
      else backward(a, a + half, d, stride, plane, len, tables + (<usize>w << 6));
    }
  }
}

/** Formal derivative of the `size` coefficients, in place. */
export function derivative(base: usize, stride: usize, plane: usize, len: usize, size: i32): void {
  for (let i = 1; i < size; i++) {
    const width = i & -i;
    add(base + <usize>(i - width) * stride, base + <usize>i * stride, width, stride, plane, len);
  }
}
