import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'
import { encodeRecord, type LogRecord, parseRecord } from '../../../src/localnet/ledger/record.ts'

const transaction: LogRecord = {
  kind: 'transaction',
  digest: 'D1gest',
  checkpoint: 7n,
  timestampMs: 1_700_000_000_123,
  epoch: 3n,
  sender: `0x${'1'.padStart(64, '0')}`,
  gasOwner: `0x${'2'.padStart(64, '0')}`,
  success: false,
  error: 'MoveAbort(…, 3)',
  bytes: new Uint8Array([1, 2, 3]),
  signatures: [new Uint8Array(97).fill(5)],
  effects: new Uint8Array([9]),
  effectsDigest: 'E',
  eventsBytes: new Uint8Array(0),
  events: [{ packageId: '0x1', module: 'm', sender: '0x2', type: '0x1::m::E', contents: new Uint8Array([4]) }],
  calls: ['0x1::m::f'],
  changed: [
    { id: '0x9', type: '0x1::m::T', change: 'created', version: 2n },
    { id: '0xa', type: 'package', change: 'deleted', version: (1n << 64n) - 1n },
  ],
  balanceChanges: [{ address: '0x1', coinType: '0x2::sui::SUI', amount: -(1n << 70n) }],
  written: [new Uint8Array([8, 8])],
  removed: ['0xa'],
}

const records: LogRecord[] = [
  {
    kind: 'header',
    format: 1,
    chainId: 'c',
    genesisMs: 1,
    referenceGasPrice: 1000n,
    epochDurationMs: 86_400_000,
  },
  { kind: 'status', epoch: 4n, epochStartMs: 5, epochFirstCheckpoint: 6n, clockOffsetMs: 7, initialised: true },
  { kind: 'objects', objects: [new Uint8Array([1]), new Uint8Array([2, 3])] },
  { kind: 'versions', objects: [] },
  transaction,
  { kind: 'end', records: 12 },
]

describe('log records', () => {
  it.each(records)('keeps every field of a record of kind $kind', (record) => {
    expect(parseRecord(encodeRecord(record))).toEqual(record)
  })

  it('answers any mutation with a record or a coded error', () => {
    const rng = createRng(5)
    for (let round = 0; round < 3000; round++) {
      const bytes = encodeRecord(records[rng.below(records.length)]!)
      for (let flips = 1 + rng.below(4); flips > 0; flips--) bytes[rng.below(bytes.length)] = rng.below(256)
      try {
        parseRecord(bytes.subarray(0, bytes.length - rng.below(3)))
      } catch (error) {
        expect(error).toMatchObject({ code: 'LEDGER_STATE_CORRUPT' })
      }
    }
  })

  it('refuses a format of the future', () => {
    const bytes = encodeRecord(records[0]!)
    bytes[1] = 2
    expect(() => parseRecord(bytes)).toThrowError(/unknown format/)
  })
})
