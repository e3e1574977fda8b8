/** Symbols as they travel ↔ low and high planes. In a full block of 64 bytes the low bytes come first, 32 of them, then
 *  the high bytes; a last, shorter block is split in half. */

/** Copies exactly `count` bytes, 0 to 32, by two overlapping moves. */
// @ts-ignore: decorator
@inline
function copyShort(to: usize, from: usize, count: usize): void {
  if (count >= 16) {
    const last = v128.load(from + count - 16);
    v128.store(to, v128.load(from));
    v128.store(to + count - 16, last);
  } else if (count >= 8) {
    const last = load<u64>(from + count - 8);
    store<u64>(to, load<u64>(from));
    store<u64>(to + count - 8, last);
  } else if (count >= 4) {
    const last = load<u32>(from + count - 4);
    store<u32>(to, load<u32>(from));
    store<u32>(to + count - 4, last);
  } else if (count >= 2) {
    const last = load<u16>(from + count - 2);
    store<u16>(to, load<u16>(from));
    store<u16>(to + count - 2, last);
  } else if (count == 1) {
    store<u8>(to, load<u8>(from));
  }
}

/** One vector from the symbols of one position, over `codewords` codewords. */
export function pack(
  vector: usize, plane: usize, symbols: usize, codewordStride: usize, codewords: i32, symbolBytes: usize,
): void {
  let to = vector;
  for (let w = 0; w < codewords; w++) {
    let from = symbols;
    let left = symbolBytes;
    for (; left >= 64; left -= 64) {
      v128.store(to, v128.load(from));
      v128.store(to + 16, v128.load(from, 16));
      v128.store(to + plane, v128.load(from, 32));
      v128.store(to + plane + 16, v128.load(from, 48));
      to += 32;
      from += 64;
    }
    const half = left >> 1;
    copyShort(to, from, half);
    copyShort(to + plane, from + half, half);
    to += half;
    symbols += codewordStride;
  }
}

/** The symbols of one position from its vector. Writes nothing but the symbols. */
export function unpack(
  vector: usize, plane: usize, symbols: usize, codewordStride: usize, codewords: i32, symbolBytes: usize,
): void {
  let from = vector;
  for (let w = 0; w < codewords; w++) {
    let to = symbols;
    let left = symbolBytes;
    for (; left >= 64; left -= 64) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from + 16), 16);
      v128.store(to, v128.load(from + plane), 32);
      v128.store(to, v128.load(from + plane + 16), 48);
      from += 32;
      to += 64;
    }
    const half = left >> 1;
    copyShort(to, from, half);
    copyShort(to + half, from + plane, half);
    from += half;
    symbols += codewordStride;
  }
}
