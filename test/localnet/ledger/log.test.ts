import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'
import { LogWriter, scanLog } from '../../../src/localnet/ledger/log.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-log-'))
  path = join(dir, 'log')
})
afterEach(() => rmSync(dir, { recursive: true }))

function read(): Uint8Array[] {
  const records: Uint8Array[] = []
  scanLog(path, (payload) => records.push(payload.slice()))
  return records
}

function writeRecords(count: number, seed = 1): Uint8Array[] {
  const rng = createRng(seed)
  const log = new LogWriter(path, 0)
  const records = Array.from({ length: count }, () => rng.fill(new Uint8Array(1 + rng.below(300))))
  for (const record of records) log.append(record)
  log.sync()
  log.close()
  return records
}

describe('the ledger log', () => {
  it('reads back what was appended, in order', () => {
    const records = writeRecords(50)
    expect(read()).toEqual(records)
  })

  it('keeps every whole record when the file is cut at any byte', () => {
    const records = writeRecords(6)
    const bytes = readFileSync(path)
    let whole = records.length
    for (let length = bytes.length - 1; length >= 0; length--) {
      truncateSync(path, length)
      const kept = read()
      expect(kept).toEqual(records.slice(0, kept.length))
      expect(kept.length).toBeLessThanOrEqual(whole)
      whole = kept.length
    }
    expect(whole).toBe(0)
  })

  it('continues after a torn tail with the next record', () => {
    const records = writeRecords(3)
    const torn = readFileSync(path)
    writeFileSync(path, torn.subarray(0, torn.length - 1))
    const scan = scanLog(path, () => {})
    expect(scan.records).toBe(2)
    expect(scan.tornBytes).toBeGreaterThan(0)
    const log = new LogWriter(path, scan.validBytes)
    log.append(new Uint8Array([7]))
    log.close()
    expect(read()).toEqual([...records.slice(0, 2), new Uint8Array([7])])
    expect(scanLog(path, () => {}).tornBytes).toBe(0)
  })

  it('refuses any flipped bit in a record that others follow', () => {
    const [first] = writeRecords(4)
    const bytes = readFileSync(path)
    // The lengths in the head are what could make the rest look torn.
    for (let at = 8; at < 8 + 12 + first!.length; at++) {
      const flipped = Uint8Array.from(bytes)
      flipped[at]! ^= 1 << (at % 8)
      writeFileSync(path, flipped)
      expect(() => read()).toThrowError(expect.objectContaining({ code: 'LEDGER_STATE_CORRUPT' }))
    }
  })

  it('drops zeros that a power cut left after the last record', () => {
    const records = writeRecords(3)
    const bytes = readFileSync(path)
    writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(5000)]))
    expect(read()).toEqual(records)
    const half = bytes.length - records[2]!.length + 1
    writeFileSync(path, Buffer.concat([bytes.subarray(0, half), Buffer.alloc(5000)]))
    expect(read()).toEqual(records.slice(0, 2))
  })

  it('refuses a file that is not a log', () => {
    writeFileSync(path, 'something else entirely')
    expect(() => read()).toThrowError(expect.objectContaining({ code: 'LEDGER_STATE_CORRUPT' }))
    writeFileSync(path, 'xy')
    expect(() => read()).toThrowError(expect.objectContaining({ code: 'LEDGER_STATE_CORRUPT' }))
  })

  it('never returns a record that was not written, whatever bytes change', () => {
    const records = writeRecords(5)
    const known = new Set(records.map((record) => Buffer.from(record).toString('hex')))
    const original = readFileSync(path)
    const rng = createRng(99)
    for (let round = 0; round < 300; round++) {
      const bytes = Uint8Array.from(original)
      for (let flips = 1 + rng.below(3); flips > 0; flips--) bytes[rng.below(bytes.length)]! ^= 1 << rng.below(8)
      writeFileSync(path, bytes)
      try {
        for (const record of read()) expect(known).toContain(Buffer.from(record).toString('hex'))
      } catch (error) {
        expect(error).toMatchObject({ code: 'LEDGER_STATE_CORRUPT' })
      }
    }
  })

  it('does not allocate for the length that a damaged head claims', () => {
    writeRecords(1)
    const bytes = readFileSync(path)
    bytes.writeUInt32LE(0xffffffff, 8)
    bytes.writeUInt32LE(crc32(bytes.subarray(8, 16)), 16)
    writeFileSync(path, bytes)
    const before = process.memoryUsage().arrayBuffers
    expect(() => read()).toThrowError(expect.objectContaining({ code: 'LEDGER_STATE_CORRUPT' }))
    bytes.writeUInt32LE(60_000_000, 8)
    bytes.writeUInt32LE(crc32(bytes.subarray(8, 16)), 16)
    writeFileSync(path, bytes)
    expect(read()).toEqual([])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
  })
})
