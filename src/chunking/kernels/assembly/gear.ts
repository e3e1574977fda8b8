// FastCDC inner loop. Plain AssemblyScript over linear memory: the host puts the gear table at address 0 and the bytes
// wherever it likes above. The definition of a cut is in ../../engine-plain.ts; this file must only be faster.

/** Chunk length and hash after the last call: what a stream carries from one piece to the next. */
export let pendingBytes: u32 = 0
export let pendingHash: u32 = 0

const WINDOW: u32 = 32

/** Scans [from, to) as the continuation of a chunk of `length` bytes with `hash`.
 *  Returns the address after the chunk's last byte, or 0 if the chunk does not end here. */
export function scan(
  from: u32,
  to: u32,
  length: u32,
  hash: u32,
  minBytes: u32,
  normalBytes: u32,
  maxBytes: u32,
  hardThreshold: u32,
  easyThreshold: u32,
): u32 {
  let at = from
  if (length + WINDOW < minBytes) {
    at = min(to, at + (minBytes - WINDOW - length))
    length += at - from
  }
  // One phase each, so that the loops compare with one bound and one threshold.
  let end = min(to, at + (minBytes - 1 > length ? minBytes - 1 - length : 0))
  length += end - at
  while (at < end) hash = (hash << 1) + load<u32>(load<u8>(at++) << 2)

  end = min(to, at + (normalBytes - 1 > length ? normalBytes - 1 - length : 0))
  let start = at
  while (at < end) {
    hash = (hash << 1) + load<u32>(load<u8>(at++) << 2)
    if (hash < hardThreshold) {
      pendingBytes = 0
      pendingHash = 0
      return at
    }
  }
  length += at - start

  end = min(to, at + (maxBytes - 1 > length ? maxBytes - 1 - length : 0))
  start = at
  while (at < end) {
    hash = (hash << 1) + load<u32>(load<u8>(at++) << 2)
    if (hash < easyThreshold) {
      pendingBytes = 0
      pendingHash = 0
      return at
    }
  }
  length += at - start

  if (at < to) {
    // Here length is maxBytes − 1, so the next byte ends the chunk whatever it is.
    pendingBytes = 0
    pendingHash = 0
    return at + 1
  }
  pendingBytes = length
  pendingHash = hash
  return 0
}
