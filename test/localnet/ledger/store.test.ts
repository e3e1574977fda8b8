import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { coinContents, createObject, type LedgerObject, SUI_COIN_TYPE } from '../../../src/localnet/ledger/object.ts'
import { LedgerStore } from '../../../src/localnet/ledger/store.ts'
import { transactionRecord } from './records.ts'

let dir: string
let warnings: Error[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-store-'))
  warnings = []
})
afterEach(() => rmSync(dir, { recursive: true }))

const ALICE = `0x${'a1'.padStart(64, '0')}`
const DIGEST = '11111111111111111111111111111111'

function coin(index: number, version: bigint, value: bigint): LedgerObject {
  const id = `0x${index.toString(16).padStart(64, '0')}`
  return createObject({
    id,
    version,
    owner: { kind: 'address', address: ALICE },
    previousTransaction: DIGEST,
    storageRebate: 0n,
    data: { kind: 'move', type: SUI_COIN_TYPE, hasPublicTransfer: true, contents: coinContents(id, value) },
  })
}

function open(snapshotAfterBytes?: number, durability: 'commit' | 'never' = 'never'): LedgerStore {
  return new LedgerStore(dir, {
    durability,
    onWarning: (warning) => warnings.push(warning),
    snapshotAfterBytes,
  })
}

/** Writes `count` transactions, each a new version of coin `i % 10`. */
function fill(store: LedgerStore, count: number): void {
  for (let i = 0; i < count; i++) {
    const position = store.state.transactions.length
    const object = coin(position % 10, BigInt(position + 1), BigInt(position))
    store.append(transactionRecord(position + 1, [object]))
  }
}

function content(store: LedgerStore) {
  return {
    objects: [...store.state.liveObjects()].map(({ id, version, digest }) => ({ id, version, digest })).sort(byId),
    transactions: store.state.transactions.map(({ digest, checkpoint }) => ({ digest, checkpoint })),
    events: store.state.events.map(({ sequence, type }) => ({ sequence, type })),
    owned: store.state.ownedIds(ALICE),
    status: store.state.status,
    header: store.state.header,
  }
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
const header = {
  kind: 'header',
  format: 1,
  chainId: 'chain',
  genesisMs: 1,
  referenceGasPrice: 1000n,
  epochDurationMs: 2,
} as const

describe('the ledger store', () => {
  it('reopens with the same state', () => {
    const store = open(undefined, 'commit')
    store.append(header)
    fill(store, 25)
    const before = content(store)
    store.close()
    const again = open()
    expect(content(again)).toEqual(before)
    expect(again.state.getVersion(coin(3, 1n, 0n).id, 14n)?.version).toBe(14n)
    again.close()
    expect(warnings).toEqual([])
  })

  it('keeps history and former versions over snapshots', () => {
    const store = open(4096)
    store.append(header)
    fill(store, 200)
    const before = content(store)
    store.close()
    expect(readdirSync(dir).some((name) => /^snapshot-[1-9]/.test(name))).toBe(true)
    const again = open(4096)
    expect(content(again)).toEqual(before)
    expect(again.state.getVersion(coin(3, 1n, 0n).id, 184n)?.version).toBe(184n)
    expect(again.state.transactionsOf(coin(3, 1n, 0n).id)).toHaveLength(20)
    again.close()
  })

  it('writes snapshots in proportion to what it writes', () => {
    const store = open(4096)
    store.append(header)
    fill(store, 400)
    store.close()
    // Each generation must at least double: generations grow with the logarithm of the transactions.
    const generation = Number(readdirSync(dir)[0]!.split('-')[1])
    expect(generation).toBeGreaterThan(1)
    expect(generation).toBeLessThan(12)
    expect(readdirSync(dir)).toHaveLength(2)
  })

  it('goes on from the old generation if a new one was not finished', () => {
    const store = open()
    store.append(header)
    fill(store, 5)
    const before = content(store)
    store.close()
    writeFileSync(join(dir, 'log-1'), 'FLOELDG1')
    writeFileSync(join(dir, 'snapshot-1.tmp'), readFileSync(join(dir, 'log-0')).subarray(0, 100))
    const again = open()
    expect(content(again)).toEqual(before)
    expect(readdirSync(dir)).toEqual(['log-0'])
    again.close()
  })

  it('refuses a snapshot that is cut short or lacks its log', () => {
    const store = open(2048)
    store.append(header)
    fill(store, 40)
    store.close()
    const snapshot = readdirSync(dir).find((name) => name.startsWith('snapshot-'))!
    const bytes = readFileSync(join(dir, snapshot))
    writeFileSync(join(dir, snapshot), bytes.subarray(0, bytes.length - 1))
    expect(() => open()).toThrowError(expect.objectContaining({ code: 'LEDGER_STATE_CORRUPT' }))
    writeFileSync(join(dir, snapshot), bytes)
    const log = snapshot.replace('snapshot', 'log')
    renameSync(join(dir, log), join(dir, 'elsewhere'))
    expect(() => open()).toThrowError(expect.objectContaining({ code: 'LEDGER_STATE_CORRUPT' }))
    renameSync(join(dir, 'elsewhere'), join(dir, log))
    open().close()
  })

  it('tells about a tail that it dropped, and loses only that', () => {
    const store = open()
    store.append(header)
    fill(store, 3)
    store.close()
    const path = join(dir, 'log-0')
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.subarray(0, bytes.length - 2))
    const again = open()
    expect(again.state.transactions).toHaveLength(2)
    expect(warnings).toHaveLength(1)
    fill(again, 2)
    again.close()
    const third = open()
    expect(third.state.transactions).toHaveLength(4)
    third.close()
  })

  it('removes objects from every index', () => {
    const store = open()
    store.append(header)
    fill(store, 3)
    const gone = coin(1, 1n, 0n).id
    store.append({ ...transactionRecord(4, []), removed: [gone] })
    expect(store.state.getObject(gone)).toBeUndefined()
    expect(store.state.ownedIds(ALICE)).not.toContain(gone)
    expect(store.state.getVersion(gone, 2n)?.version).toBe(2n)
    store.close()
    const again = open()
    expect(again.state.getObject(gone)).toBeUndefined()
    again.close()
  })
})
