/** Raw frames that were read last, within a number of bytes. */

export interface FrameCache {
  get(key: string): Uint8Array | undefined
  set(key: string, raw: Uint8Array): void
}

/** @param maxBytes - frames are dropped, longest unused first, once they sum to more */
export function createFrameCache(maxBytes: number): FrameCache {
  // A Map keeps insertion order: the first key is the longest unused.
  const frames = new Map<string, Uint8Array>()
  let bytes = 0
  return {
    get(key) {
      const raw = frames.get(key)
      if (raw) {
        frames.delete(key)
        frames.set(key, raw)
      }
      return raw
    },
    set(key, raw) {
      bytes += raw.length - (frames.get(key)?.length ?? 0)
      frames.delete(key)
      frames.set(key, raw)
      for (const [oldest, { length }] of frames) {
        if (bytes <= maxBytes) break
        frames.delete(oldest)
        bytes -= length
      }
    },
  }
}
