/** Symbols as they travel ↔ low and high planes, as in `layout.ts`. */

/** One vector from the symbols of one position, over `codewords` codewords. */
export function pack(
  vector: usize, plane: usize, symbols: usize, codewordStride: usize, codewords: i32, symbolBytes: usize,
): void {
  let to = vector;
  for (let w = 0; w < codewords; w++) {
    let from = symbols;
    for (let left: isize = symbolBytes; left > 0; left -= 64) {
      const half: usize = left >= 64 ? 32 : <usize>left >> 1;
      memory.copy(to, from, half);
      memory.copy(to + plane, from + half, half);
      to += half;
      from += 2 * half;
    }
    symbols += codewordStride;
  }
}

/** The symbols of one position from its vector. */
export function unpack(
  vector: usize, plane: usize, symbols: usize, codewordStride: usize, codewords: i32, symbolBytes: usize,
): void {
  let from = vector;
  for (let w = 0; w < codewords; w++) {
    let to = symbols;
    for (let left: isize = symbolBytes; left > 0; left -= 64) {
      const half: usize = left >= 64 ? 32 : <usize>left >> 1;
      memory.copy(to, from, half);
      memory.copy(to + half, from + plane, half);
      from += half;
      to += 2 * half;
    }
    symbols += codewordStride;
  }
}
