/** Reading objects in an order that is known beforehand: those that come next are fetched while the reader works. */

import { FloeError } from '../base/errors.ts'
import { type ObjectId, type ObjectKind, objectKey } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'

export interface SequentialOptions {
  /** Objects fetched ahead, at most (default 24). With chunks of at most 4 MiB this bounds the memory. */
  slots?: number
  signal?: AbortSignal | undefined
}

export interface SequentialReader {
  readonly read: ReadObject
  /** Ends the fetching and waits for what is on its way. */
  close(): Promise<void>
}

const SLOTS = 24
/** Remembered, so that they are not fetched once more; forgetting some costs only that. */
const MAX_OVERTAKEN = 1000

/** Objects that are read in another order are read as well, only not ahead.
 *  @param upcoming - in the order in which they are likely to be read */
export function readAheadOf(
  read: ReadObject,
  upcoming: AsyncIterable<{ kind: ObjectKind; id: ObjectId }>,
  options: SequentialOptions = {},
): SequentialReader {
  const { slots = SLOTS, signal } = options
  const fetched = new Map<string, Promise<Uint8Array>>()
  const running = new Set<Promise<unknown>>()
  /** Read before their turn to be fetched had come. */
  const overtaken = new Set<string>()
  let room: (() => void) | undefined
  let closed = false

  async function fetchAll(): Promise<void> {
    for await (const { kind, id } of upcoming) {
      while (!closed && fetched.size >= slots) await new Promise<void>((resolve) => (room = resolve))
      if (closed) return
      const key = objectKey(kind, id)
      if (fetched.has(key) || overtaken.delete(key)) continue
      const bytes = read(kind, id, { signal })
      fetched.set(key, bytes)
      const settled = bytes.then(
        () => {},
        () => {},
      )
      running.add(settled)
      settled.finally(() => running.delete(settled))
    }
  }
  // Whoever reads for real meets the failure again, and is told.
  const fetching = fetchAll().catch((error: unknown) => {
    if (!(error instanceof FloeError)) throw error
  })

  const take = (key: string) => {
    const bytes = fetched.get(key)
    fetched.delete(key)
    room?.()
    return bytes
  }
  return {
    async read(kind, id, readOptions) {
      const key = objectKey(kind, id)
      const ahead = take(key)
      if (ahead) return ahead.catch(() => read(kind, id, readOptions))
      if (overtaken.size < MAX_OVERTAKEN) overtaken.add(key)
      // What was fetched for nothing must not keep the rest from being fetched.
      if (fetched.size >= slots) take(fetched.keys().next().value!)
      return read(kind, id, readOptions)
    },
    async close() {
      closed = true
      room?.()
      await fetching
      await Promise.all(running)
    },
  }
}
