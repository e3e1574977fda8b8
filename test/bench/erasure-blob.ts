/** Bytes to encode: no zeros to skip, made faster than a generator of random numbers would. */

export function testBlob(bytes: number): Uint8Array {
  const blob = new Uint8Array(bytes)
  let state = 0x9e3779b9
  const period = new Uint8Array(65_521)
  for (let i = 0; i < period.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    period[i] = state >>> 24
  }
  for (let at = 0; at < bytes; at += period.length)
    blob.set(period.subarray(0, Math.min(period.length, bytes - at)), at)
  return blob
}
