/** Transaction records for tests of storage and queries, which never look into the transaction itself. */

import { encodeObject, type LedgerObject } from '../../../src/localnet/ledger/object.ts'
import type { TransactionRecord } from '../../../src/localnet/ledger/record.ts'

export function transactionRecord(
  checkpoint: number,
  written: readonly LedgerObject[],
  fields: Partial<TransactionRecord> = {},
): TransactionRecord {
  return {
    kind: 'transaction',
    digest: `digest-${checkpoint}`,
    checkpoint: BigInt(checkpoint),
    timestampMs: 1000 + checkpoint,
    epoch: 0n,
    sender: `0x${'a1'.padStart(64, '0')}`,
    gasOwner: `0x${'a1'.padStart(64, '0')}`,
    success: true,
    error: '',
    bytes: new Uint8Array([checkpoint & 0xff]),
    signatures: [],
    effects: new Uint8Array(0),
    effectsDigest: '',
    eventsBytes: new Uint8Array(0),
    events: [
      {
        packageId: '0x1',
        module: 'counter',
        sender: '0x2',
        type: checkpoint % 2 === 0 ? '0x1::counter::Even' : '0x1::counter::Odd',
        contents: new Uint8Array([checkpoint & 0xff]),
      },
    ],
    calls: [],
    changed: written.map(({ id, version, data }) => ({
      id,
      version,
      type: data.kind === 'move' ? data.type : 'package',
      change: 'mutated',
    })),
    balanceChanges: [],
    written: written.map(encodeObject),
    removed: [],
    ...fields,
  }
}
