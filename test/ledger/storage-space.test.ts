import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OwnStorage } from '../../src/ledger/own-storage.ts'
import { planSpace, spaceCost } from '../../src/ledger/transactions/storage-space.ts'
import { storageCost } from '../../src/protocol/cost.ts'

const NOW = { epoch: 10, epochs: 5 }
const PRICES = { storagePerUnit: 100n, writePerUnit: 7n }
const MIB = 2 ** 20
const piece = (objectId: string, bytes: number, endEpoch = 15, startEpoch = 10): OwnStorage => ({
  objectId,
  bytes,
  startEpoch,
  endEpoch,
})
const groups = (plan: ReturnType<typeof planSpace>) => plan.blobs.map(({ group }) => group)

describe('space of new blobs', () => {
  it('is bought where there is none, or none that is large enough', () => {
    expect(groups(planSpace([3 * MIB, 1], [], NOW))).toEqual([null, null])
    const plan = planSpace([3 * MIB, MIB], [piece('0x1', 2 * MIB)], NOW)
    expect(groups(plan)).toEqual([null, 0])
    expect(spaceCost(plan, PRICES)).toBe(storageCost(3 * MIB, 5, PRICES))
  })

  it('comes out of pieces of one period together, and out of one piece several times', () => {
    const plan = planSpace([3 * MIB, MIB], [piece('0x1', 2 * MIB), piece('0x2', 2 * MIB)], NOW)
    expect(plan.groups).toEqual([{ objectIds: ['0x1', '0x2'], bytes: 4 * MIB, endEpoch: 15 }])
    expect(groups(plan)).toEqual([0, 0])
    expect(spaceCost(plan, PRICES)).toBe(0n)
  })

  it('is taken where it lasts, else extended for what is missing', () => {
    const [early, late, later] = [piece('0x1', MIB, 12), piece('0x2', 5 * MIB, 15), piece('0x3', 2 * MIB, 30)]
    const plan = planSpace([MIB, MIB, MIB, 5 * MIB], [early, late, later], NOW)
    const ends = plan.blobs.map(({ group }) => (group === null ? null : plan.groups[group]!.endEpoch))
    expect(ends).toEqual([30, 30, 15, null])
    const short = planSpace([MIB], [early], NOW)
    expect(spaceCost(short, PRICES)).toBe(storageCost(MIB, 3, PRICES))
  })

  it('never is given out twice, and never costs more than bought', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 8 * MIB }), { maxLength: 12 })
    const pieces = fc.array(
      fc.record({
        bytes: fc.integer({ min: 1, max: 8 * MIB }),
        start: fc.integer({ min: 6, max: 10 }),
        end: fc.integer({ min: 11, max: 20 }),
      }),
      { maxLength: 90 },
    )
    fc.assert(
      fc.property(sizes, pieces, (encoded, owned) => {
        const plan = planSpace(
          encoded,
          owned.map(({ bytes, start, end }, i) => piece(`0x${i}`, bytes, end, start)),
          NOW,
        )
        for (const [number, group] of plan.groups.entries()) {
          const taken = plan.blobs
            .filter((blob) => blob.group === number)
            .reduce((sum, blob) => sum + blob.encodedBytes, 0)
          expect(taken).toBeLessThanOrEqual(group.bytes)
        }
        const ids = plan.groups.flatMap(({ objectIds }) => objectIds)
        expect(new Set(ids).size).toBe(ids.length)
        expect(ids.length).toBeLessThanOrEqual(64)
        const bought = encoded.reduce((sum, bytes) => sum + storageCost(bytes, NOW.epochs, PRICES), 0n)
        expect(spaceCost(plan, PRICES)).toBeLessThanOrEqual(bought)
      }),
    )
  })
})
