/** Memory that threads share, WebAssembly modules among them: one copy of a file of a hundred megabytes is enough. */

/** A `WebAssembly.Memory`, which TypeScript declares for browsers only. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer
}

declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory
}

export const PAGE_BYTES = 65_536
/** What 32 bits address. */
const MAX_PAGES = 65_536

/** @param bytes - at least; the rest is zero
 *  @returns undefined if it is more than modules address, or the system gives no room for it */
export function createSharedMemory(bytes: number): SharedMemory | undefined {
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES))
  if (pages > MAX_PAGES) return undefined
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  } catch {
    return undefined
  }
}
