/** Working ahead of a reader, in order and within bounds. */

export interface AheadOptions<T> {
  /** Jobs begun and not yet taken, at most; at least 1. */
  slots: number
  /** What a result weighs while it waits, and how much may wait. A single one may weigh more: then it waits alone. */
  weigh?: (item: T) => number
  maxWeight?: number
}

/** Results of a job over items, in the order of the items, begun before they are asked for.
 *  The first failure is thrown in its place; when the reader stops, what has been begun is waited for. */
export async function* mapAhead<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  job: (item: T) => Promise<R>,
  options: AheadOptions<T>,
): AsyncGenerator<R> {
  const { slots, weigh = () => 0, maxWeight = Number.POSITIVE_INFINITY } = options
  if (!Number.isInteger(slots) || slots < 1) throw new RangeError(`"slots" expected a positive integer, got ${slots}`)
  const waiting: { result: Promise<R>; weight: number }[] = []
  let total = 0
  const take = async () => {
    const { result, weight } = waiting.shift()!
    const value = await result
    total -= weight
    return value
  }
  try {
    for await (const item of items) {
      const weight = weigh(item)
      while (waiting.length > 0 && (waiting.length >= slots || total + weight > maxWeight)) yield await take()
      const result = job(item)
      // Thrown when its turn comes; until then it must not count as unhandled.
      result.catch(() => {})
      waiting.push({ result, weight })
      total += weight
    }
    while (waiting.length > 0) yield await take()
  } finally {
    await Promise.allSettled(waiting.map(({ result }) => result))
  }
}
