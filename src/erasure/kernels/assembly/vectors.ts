/** Vectors of field elements: butterflies, sums, scaling.
 *
 *  A vector is two byte planes, low and high, `plane` bytes apart; vectors lie `stride` bytes apart. Only `len` bytes of
 *  each plane (a multiple of 16) are touched, so the caller can work in slices that stay in cache.
 *
 *  Multiplication by a constant is linear over bits, so it is four 16-entry tables, one per nibble of the element, each
 *  giving a low and a high byte: 128 bytes per factor, `t0lo t0hi t1lo t1hi t2lo t2hi t3lo t3hi`. */

/** 16 bytes of 15. In memory, because V8 makes a constant anew at each use: three instructions, four times per step of a
 *  butterfly, were a quarter of its time. */
const LOW_NIBBLES: usize = memory.data<u8>([15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15], 16);

// @ts-ignore: decorator
@inline
function lookup(table: v128, nibbles: v128): v128 {
  // Indices are below 16, where the relaxed form is exact; the plain one costs an instruction more on x86.
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, nibbles);
  return i8x16.swizzle(table, nibbles);
}

/** a ^= w·b; b ^= a, over `rows` pairs of vectors. */
export function forward(a: usize, b: usize, rows: i32, stride: usize, plane: usize, len: usize, table: usize): void {
  const t0lo = v128.load(table, 0), t0hi = v128.load(table, 16);
  const t1lo = v128.load(table, 32), t1hi = v128.load(table, 48);
  const t2lo = v128.load(table, 64), t2hi = v128.load(table, 80);
  const t3lo = v128.load(table, 96), t3hi = v128.load(table, 112);
  const mask = v128.load(LOW_NIBBLES);
  for (let row = 0; row < rows; row++) {
    let x = a, y = b;
    const end = a + len;
    while (x < end) {
      const ylo = v128.load(y), yhi = v128.load(y + plane);
      const n0 = v128.and(ylo, mask), n1 = v128.and(i16x8.shr_u(ylo, 4), mask);
      const n2 = v128.and(yhi, mask), n3 = v128.and(i16x8.shr_u(yhi, 4), mask);
      const plo = v128.xor(v128.xor(lookup(t0lo, n0), lookup(t1lo, n1)), v128.xor(lookup(t2lo, n2), lookup(t3lo, n3)));
      const phi = v128.xor(v128.xor(lookup(t0hi, n0), lookup(t1hi, n1)), v128.xor(lookup(t2hi, n2), lookup(t3hi, n3)));
      const xlo = v128.xor(v128.load(x), plo), xhi = v128.xor(v128.load(x + plane), phi);
      v128.store(x, xlo);
      v128.store(x + plane, xhi);
      v128.store(y, v128.xor(ylo, xlo));
      v128.store(y + plane, v128.xor(yhi, xhi));
      x += 16;
      y += 16;
    }
    a += stride;
    b += stride;
  }
}

/** b ^= a; a ^= w·b, over `rows` pairs of vectors. */
export function backward(a: usize, b: usize, rows: i32, stride: usize, plane: usize, len: usize, table: usize): void {
  const t0lo = v128.load(table, 0), t0hi = v128.load(table, 16);
  const t1lo = v128.load(table, 32), t1hi = v128.load(table, 48);
  const t2lo = v128.load(table, 64), t2hi = v128.load(table, 80);
  const t3lo = v128.load(table, 96), t3hi = v128.load(table, 112);
  const mask = v128.load(LOW_NIBBLES);
  for (let row = 0; row < rows; row++) {
    let x = a, y = b;
    const end = a + len;
    while (x < end) {
      const xlo = v128.load(x), xhi = v128.load(x + plane);
      const ylo = v128.xor(v128.load(y), xlo), yhi = v128.xor(v128.load(y + plane), xhi);
      v128.store(y, ylo);
      v128.store(y + plane, yhi);
      const n0 = v128.and(ylo, mask), n1 = v128.and(i16x8.shr_u(ylo, 4), mask);
      const n2 = v128.and(yhi, mask), n3 = v128.and(i16x8.shr_u(yhi, 4), mask);
      const plo = v128.xor(v128.xor(lookup(t0lo, n0), lookup(t1lo, n1)), v128.xor(lookup(t2lo, n2), lookup(t3lo, n3)));
      const phi = v128.xor(v128.xor(lookup(t0hi, n0), lookup(t1hi, n1)), v128.xor(lookup(t2hi, n2), lookup(t3hi, n3)));
      v128.store(x, v128.xor(xlo, plo));
      v128.store(x + plane, v128.xor(xhi, phi));
      x += 16;
      y += 16;
    }
    a += stride;
    b += stride;
  }
}

/** to ^= from, over `rows` vectors. */
export function add(to: usize, from: usize, rows: i32, stride: usize, plane: usize, len: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let o: usize = 0; o < len; o += 16) {
      v128.store(to + o, v128.xor(v128.load(to + o), v128.load(from + o)));
      v128.store(to + plane + o, v128.xor(v128.load(to + plane + o), v128.load(from + plane + o)));
    }
    to += stride;
    from += stride;
  }
}

/** Copies `rows` vectors. */
export function copy(to: usize, from: usize, rows: i32, stride: usize, plane: usize, len: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let o: usize = 0; o < len; o += 16) {
      v128.store(to + o, v128.load(from + o));
      v128.store(to + plane + o, v128.load(from + plane + o));
    }
    to += stride;
    from += stride;
  }
}

/** Multiplies one vector by the factor of the table. */
export function scale(vector: usize, plane: usize, len: usize, table: usize): void {
  const t0lo = v128.load(table, 0), t0hi = v128.load(table, 16);
  const t1lo = v128.load(table, 32), t1hi = v128.load(table, 48);
  const t2lo = v128.load(table, 64), t2hi = v128.load(table, 80);
  const t3lo = v128.load(table, 96), t3hi = v128.load(table, 112);
  const mask = v128.load(LOW_NIBBLES);
  const end = vector + len;
  for (let x = vector; x < end; x += 16) {
    const lo = v128.load(x), hi = v128.load(x + plane);
    const n0 = v128.and(lo, mask), n1 = v128.and(i16x8.shr_u(lo, 4), mask);
    const n2 = v128.and(hi, mask), n3 = v128.and(i16x8.shr_u(hi, 4), mask);
    v128.store(x, v128.xor(v128.xor(lookup(t0lo, n0), lookup(t1lo, n1)), v128.xor(lookup(t2lo, n2), lookup(t3lo, n3))));
    v128.store(
      x + plane,
      v128.xor(v128.xor(lookup(t0hi, n0), lookup(t1hi, n1)), v128.xor(lookup(t2hi, n2), lookup(t3hi, n3))),
    );
  }
}
