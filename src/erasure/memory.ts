/** Memory for jobs, given back when a plan is done with it and used again.
 *
 *  The runtime does not count shared memory towards its garbage limit: encoding 64 MiB eight times left 2 GiB resident,
 *  and fresh pages cost a third of the time. */

export interface JobMemory {
  /** Bytes that jobs can read and write; contents undefined. */
  allocate(bytes: number): Uint8Array
  /** Takes back what `allocate` returned; the caller must not touch it again. */
  release(...blocks: (Uint8Array | undefined)[]): void
}

/** Kept for the next allocation, at most; the oldest goes first. As much as one encoding in memory takes. */
const MAX_KEPT_BYTES = 256 * 2 ** 20
/** A kept block serves requests down to this share of its size. */
const MIN_FILL = 0.75
/** Blocks come in so many sizes between one power of two and the next. Packs of a push differ by some bytes in length: a
 *  kept block that is a byte too short would be of no use, and new ones would pile up beside it. */
const SIZES_PER_DOUBLING = 32

export function createSharedMemory(): JobMemory {
  const kept: SharedArrayBuffer[] = []
  let keptBytes = 0
  const take = (position: number): SharedArrayBuffer => {
    const [buffer] = kept.splice(position, 1)
    keptBytes -= buffer!.byteLength
    return buffer!
  }
  return {
    allocate(bytes) {
      const fitting = kept.findIndex(({ byteLength }) => byteLength >= bytes && bytes >= byteLength * MIN_FILL)
      const buffer = fitting >= 0 ? take(fitting) : new SharedArrayBuffer(roundUp(bytes))
      return new Uint8Array(buffer, 0, bytes)
    },
    release(...blocks) {
      for (const block of blocks) {
        if (!(block?.buffer instanceof SharedArrayBuffer) || kept.includes(block.buffer)) continue
        kept.push(block.buffer)
        keptBytes += block.buffer.byteLength
        while (keptBytes > MAX_KEPT_BYTES) take(0)
      }
    },
  }
}

function roundUp(bytes: number): number {
  const step = Math.max(1, 2 ** Math.floor(Math.log2(Math.max(1, bytes))) / SIZES_PER_DOUBLING)
  return Math.ceil(bytes / step) * step
}

/** Plain memory of one thread, left to the garbage collector. */
export const privateMemory: JobMemory = {
  allocate: (bytes) => new Uint8Array(bytes),
  release() {},
}
