import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'
import { Proto } from '../../../src/localnet/rpc/messages.ts'
import { listFrames, pageOf, parsePageToken } from '../../../src/localnet/rpc/paging.ts'

const { Ordering, QueryEndReason } = Proto

describe('pages', () => {
  const keys = ['a', 'b', 'c', 'd', 'e']

  it('walks all items once, and omits the token on the last page', () => {
    const seen: string[] = []
    let token: Uint8Array | undefined
    do {
      const after = parsePageToken(token)
      const page = pageOf(
        keys.filter((key) => after === undefined || key > after),
        2,
        (key) => (key === 'c' ? undefined : key),
      )
      seen.push(...page.items)
      token = page.nextPageToken
    } while (token !== undefined)
    expect(seen).toEqual(['a', 'b', 'd', 'e'])
  })

  it('has no further page if only unwanted items are left', () => {
    const page = pageOf(keys, 4, (key) => (key === 'e' ? undefined : key))
    expect(page.items).toHaveLength(4)
    expect(page.nextPageToken).toBeUndefined()
  })

  it('cuts page sizes to its limit and refuses tokens that are no text', () => {
    const many = Array.from({ length: 2000 }, (_, i) => String(i).padStart(5, '0'))
    expect(pageOf(many, 1_000_000, (key) => key).items).toHaveLength(1000)
    expect(pageOf(many, 0, (key) => key).items).toHaveLength(1)
    expect(() => parsePageToken(new Uint8Array([0xff]))).toThrowError(/page_token/)
  })
})

describe('frames', () => {
  const items = Array.from({ length: 20 }, (_, i) => i)
  const list = { items, matches: (item: number) => item % 3 === 0, checkpoint: (item: number) => BigInt(item + 1) }

  function collect(options: Proto.QueryOptions) {
    const frames = [...listFrames(list, options)]
    expect(frames.filter((frame) => frame.end)).toHaveLength(1)
    expect(frames.at(-1)!.end).toBeDefined()
    return frames
  }

  it.each([Ordering.ASCENDING, Ordering.DESCENDING])(
    'resumes from any cursor without loss (ordering %i)',
    (ordering) => {
      const expected = items.filter(list.matches)
      if (ordering === Ordering.DESCENDING) expected.reverse()
      for (const limit of [1, 2, 3, 50]) {
        const seen: number[] = []
        let options: Proto.QueryOptions = { limit, ordering }
        for (let round = 0; round < 30; round++) {
          const frames = collect(options)
          seen.push(...frames.flatMap((frame) => (frame.item === undefined ? [] : [frame.item])))
          if (frames.at(-1)!.end!.reason !== QueryEndReason.ITEM_LIMIT) break
          const { cursor } = frames.at(-1)!.watermark
          options =
            ordering === Ordering.DESCENDING ? { limit, ordering, before: cursor } : { limit, ordering, after: cursor }
        }
        expect(seen).toEqual(expected)
      }
    },
  )

  it('puts the end on the frame of the last item allowed, or on a frame of its own', () => {
    expect(collect({ limit: 2 }).map(({ item, end }) => [item, end?.reason])).toEqual([
      [0, undefined],
      [3, QueryEndReason.ITEM_LIMIT],
    ])
    expect(collect({ limit: 50 }).at(-1)).toMatchObject({ end: { reason: QueryEndReason.LEDGER_TIP } })
    expect(collect({ limit: 50, before: Buffer.from('7') }).at(-1)).toMatchObject({
      end: { reason: QueryEndReason.CURSOR_BOUND },
    })
  })

  it('finds with an index what it finds without, inside checkpoint bounds', () => {
    const rng = createRng(8)
    for (let round = 0; round < 50; round++) {
      const from = BigInt(rng.below(25))
      const bounds = { fromCheckpoint: from, toCheckpoint: from + BigInt(rng.below(20)) }
      const options = { limit: 50, ordering: rng.below(2) }
      const found = (candidates?: number[]) =>
        [...listFrames({ ...list, ...bounds, candidates }, options)].map((f) => f.item)
      expect(found(items.filter(list.matches))).toEqual(found())
    }
  })

  it.each(['x', '1e9', '-2', ' 1', '99999999999999999999'])('refuses the cursor "%s"', (cursor) => {
    expect(() => [...listFrames(list, { after: Buffer.from(cursor) })]).toThrowError(/invalid cursor/)
  })
})
