/** Vectors of field elements without vector instructions; contracts as in `vectors.ts`.
 *
 *  The nibble tables of a factor are widened to two of 256 products of 16 bits, one per byte of an element, before each
 *  run of butterflies: two loads per element instead of eight. */

/** Products of the low byte, then of the high byte. */
const PRODUCTS: usize = memory.data(1024, 16);

function widen(table: usize): void {
  for (let high: usize = 0; high < 2; high++) {
    const nibbles = table + 64 * high;
    const to = PRODUCTS + 512 * high;
    for (let byte: usize = 0; byte < 256; byte++) {
      const low: usize = byte & 15, top: usize = 32 + (byte >> 4);
      const product0 = load<u8>(nibbles + low) ^ load<u8>(nibbles + top);
      const product1 = load<u8>(nibbles + low + 16) ^ load<u8>(nibbles + top + 16);
      store<u16>(to + 2 * byte, <u16>product0 | (<u16>product1 << 8));
    }
  }
}

// @ts-ignore: decorator
@inline
function product(low: u8, high: u8): u16 {
  return load<u16>(PRODUCTS + 2 * <usize>low) ^ load<u16>(PRODUCTS + 2 * <usize>high, 512);
}

/** a ^= w·b; b ^= a, over `rows` pairs of vectors. */
export function forward(a: usize, b: usize, rows: i32, stride: usize, plane: usize, len: usize, table: usize): void {
  widen(table);
  for (let row = 0; row < rows; row++) {
    for (let o: usize = 0; o < len; o++) {
      const ylo = load<u8>(b + o), yhi = load<u8>(b + o + plane);
      const p = product(ylo, yhi);
      const xlo = load<u8>(a + o) ^ <u8>p, xhi = load<u8>(a + o + plane) ^ <u8>(p >> 8);
      store<u8>(a + o, xlo);
      store<u8>(a + o + plane, xhi);
      store<u8>(b + o, ylo ^ xlo);
      store<u8>(b + o + plane, yhi ^ xhi);
    }
    a += stride;
    b += stride;
  }
}

/** b ^= a; a ^= w·b, over `rows` pairs of vectors. */
export function backward(a: usize, b: usize, rows: i32, stride: usize, plane: usize, len: usize, table: usize): void {
  widen(table);
  for (let row = 0; row < rows; row++) {
    for (let o: usize = 0; o < len; o++) {
      const xlo = load<u8>(a + o), xhi = load<u8>(a + o + plane);
      const ylo = load<u8>(b + o) ^ xlo, yhi = load<u8>(b + o + plane) ^ xhi;
      store<u8>(b + o, ylo);
      store<u8>(b + o + plane, yhi);
      const p = product(ylo, yhi);
      store<u8>(a + o, xlo ^ <u8>p);
      store<u8>(a + o + plane, xhi ^ <u8>(p >> 8));
    }
    a += stride;
    b += stride;
  }
}

/** Adds `rows` vectors to others. */
export function add(to: usize, from: usize, rows: i32, stride: usize, plane: usize, len: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let o: usize = 0; o < len; o += 8) {
      store<u64>(to + o, load<u64>(to + o) ^ load<u64>(from + o));
      store<u64>(to + plane + o, load<u64>(to + plane + o) ^ load<u64>(from + plane + o));
    }
    to += stride;
    from += stride;
  }
}

/** Copies `rows` vectors. */
export function copy(to: usize, from: usize, rows: i32, stride: usize, plane: usize, len: usize): void {
  for (let row = 0; row < rows; row++) {
    memory.copy(to, from, len);
    memory.copy(to + plane, from + plane, len);
    to += stride;
    from += stride;
  }
}

/** Multiplies one vector by the factor of the table. */
export function scale(vector: usize, plane: usize, len: usize, table: usize): void {
  widen(table);
  for (let x = vector; x < vector + len; x++) {
    const p = product(load<u8>(x), load<u8>(x + plane));
    store<u8>(x, <u8>p);
    store<u8>(x + plane, <u8>(p >> 8));
  }
}
