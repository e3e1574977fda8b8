/** What all uploads of a push may have on its way at once: requests, and bytes of the slivers in them. */

import { throwIfAborted } from '../base/abort.ts'

export interface SendBudget {
  /** Runs the job when there is room for it, in order of the calls. One that is larger than the budget runs alone. */
  run<T>(bytes: number, job: () => Promise<T>, signal: AbortSignal): Promise<T>
  /** Memory of exactly so many bytes, used before perhaps. */
  take(bytes: number): Uint8Array
  /** Only of what nothing reads any more. */
  give(memory: Uint8Array): void
}

const MAX_REQUESTS = 64
const MAX_BYTES = 48 * 1024 * 1024

export function createSendBudget({ requests = MAX_REQUESTS, bytes: maxBytes = MAX_BYTES } = {}): SendBudget {
  const waiting: { bytes: number; start: () => void }[] = []
  const kept = new Map<number, Uint8Array[]>()
  let keptBytes = 0
  let active = 0
  let heldBytes = 0
  const hasRoom = (bytes: number) => active === 0 || (active < requests && heldBytes + bytes <= maxBytes)
  const enter = (bytes: number) => {
    active++
    heldBytes += bytes
  }
  return {
    async run(bytes, job, signal) {
      throwIfAborted(signal)
      if (waiting.length === 0 && hasRoom(bytes)) enter(bytes)
      else await new Promise<void>((start) => waiting.push({ bytes, start }))
      try {
        throwIfAborted(signal)
        return await job()
      } finally {
        active--
        heldBytes -= bytes
        while (waiting.length > 0 && hasRoom(waiting[0]!.bytes)) {
          const next = waiting.shift()!
          enter(next.bytes)
          next.start()
        }
      }
    },
    take(bytes) {
      const found = kept.get(bytes)?.pop()
      if (found) keptBytes -= bytes
      return found ?? new Uint8Array(bytes)
    },
    give(memory) {
      // Other blobs have slivers of other lengths: what they left does not pile up.
      if (keptBytes + memory.length > maxBytes) {
        kept.clear()
        keptBytes = 0
      }
      keptBytes += memory.length
      const same = kept.get(memory.length)
      if (same) same.push(memory)
      else kept.set(memory.length, [memory])
    },
  }
}
