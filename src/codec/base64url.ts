/** base64url without padding (RFC 4648 §5), the text form of a blob id. */

export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** @throws {RangeError} if the text is not canonical base64url without padding */
export function fromBase64Url(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, 'base64url'))
  // Buffer skips what it does not know and ignores stray bits; a round trip refuses both.
  if (toBase64Url(bytes) !== text) throw new RangeError('expected base64url without padding')
  return bytes
}
