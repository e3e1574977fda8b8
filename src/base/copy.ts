/** Copies between byte arrays, at the speed of memory also where it is shared.
 *
 *  `TypedArray.set` moves shared memory byte by byte where source and target are not aligned alike, since another thread
 *  may look on: 64 MiB take 25 ms, as against 10 for `Buffer.copy`, which is the system's memmove. Whoever hands bytes
 *  to another thread orders that by a message, so nothing here depends on how single bytes become visible. */

type NativeCopy = (target: Uint8Array, targetStart: number, sourceStart: number, sourceEnd: number) => number

/** Browsers have none. A replacement of theirs is as good as `set`. */
const nativeCopy = (globalThis as { Buffer?: { prototype: { copy: NativeCopy } } }).Buffer?.prototype.copy

/** Below this, entering native code takes longer than `set`. */
const MIN_NATIVE_BYTES = 128

/** Copies source bytes [from, from + length) to `at` of the target.
 *  @throws {RangeError} if one of them does not have so many */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, from: number, length: number): void {
  if (at + length > target.length || from + length > source.length) throw new RangeError('a copy beyond the end')
  if (!nativeCopy || length < MIN_NATIVE_BYTES) {
    target.set(source.subarray(from, from + length), at)
    return
  }
  // Node 24 hands a whole source on to `set`: its last byte goes by itself.
  const whole = length === source.length
  nativeCopy.call(source, target, at, from, whole ? length - 1 : from + length)
  if (whole) target[at + length - 1] = source[length - 1]!
}
