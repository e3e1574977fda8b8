/** Bytes of a symbol ↔ elements of the field.
 *
 *  A symbol is cut into 64-byte blocks. In a full block, byte i (0..31) is the low byte and byte 32+i the high byte of
 *  element i. A last block of t < 64 bytes is split in half: t/2 low bytes, then t/2 high bytes. The layout exists for
 *  byte shuffles, which multiply 16 low or high bytes at a time. @see reference/walrus-protocol.md §2.5 */

export const LAYOUT_BLOCK_BYTES = 64

/** Elements of an even-length symbol. */
export function symbolElements(symbol: Uint8Array): Uint16Array {
  const elements = new Uint16Array(symbol.length / 2)
  for (let block = 0; block < symbol.length; block += LAYOUT_BLOCK_BYTES) {
    const half = Math.min(LAYOUT_BLOCK_BYTES, symbol.length - block) / 2
    for (let i = 0; i < half; i++) elements[block / 2 + i] = symbol[block + i]! | (symbol[block + half + i]! << 8)
  }
  return elements
}

/** Writes elements back as the bytes of a symbol of the same length. */
export function writeSymbol(symbol: Uint8Array, elements: Uint16Array): void {
  for (let block = 0; block < symbol.length; block += LAYOUT_BLOCK_BYTES) {
    const half = Math.min(LAYOUT_BLOCK_BYTES, symbol.length - block) / 2
    for (let i = 0; i < half; i++) {
      const element = elements[block / 2 + i]!
      symbol[block + i] = element & 0xff
      symbol[block + half + i] = element >> 8
    }
  }
}
