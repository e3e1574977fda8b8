import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileSystemError } from '../../src/store/file-system.ts'
import { forgetUploads, openUploadJournal, readUploadJournal } from '../../src/transfer/upload-journal.ts'
import { faultyFs } from '../faults/faulty-fs.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-uploads-'))
})
afterEach(() => rm(dir, { recursive: true }))

const BLOB = '0x12'
const FILE = `${BLOB}.upload`
const confirmation = { message: new Uint8Array([1, 2, 3]), signature: new Uint8Array(96).fill(7) }

async function written(): Promise<void> {
  const journal = await openUploadJournal(dir, BLOB)
  for (const pair of [3, 1, 2]) journal.stored('0xa', pair, 'primary')
  journal.stored('0xb', 9, 'secondary')
  journal.confirmed('0xb', confirmation)
  journal.close()
}

describe('the journal of an upload', () => {
  it('has what each node has taken and confirmed, of all attempts together', async () => {
    await written()
    const journal = await openUploadJournal(dir, BLOB)
    expect(journal.held.get('0xa')).toEqual({
      primary: new Set([1, 2, 3]),
      secondary: new Set(),
      confirmation: null,
    })
    expect(new Uint8Array(journal.held.get('0xb')!.confirmation!.signature)).toEqual(confirmation.signature)
    journal.stored('0xa', 4, 'primary')
    journal.close()
    journal.close()
    expect(readUploadJournal(dir, BLOB).get('0xa')!.primary).toEqual(new Set([1, 2, 3, 4]))
    expect(readUploadJournal(dir, '0x13').size).toBe(0)
  })

  it('is on disk soon, without being closed', async () => {
    const journal = await openUploadJournal(dir, BLOB)
    journal.stored('0xa', 1, 'primary')
    await expect.poll(() => readUploadJournal(dir, BLOB).size).toBe(1)
    journal.close()
  })

  it('goes on behind a line that a power cut has torn', async () => {
    await written()
    const { length } = await readFile(join(dir, FILE))
    await truncate(join(dir, FILE), length - 20)
    const journal = await openUploadJournal(dir, BLOB)
    expect(journal.held.get('0xb')!.confirmation).toBeNull()
    journal.confirmed('0xb', confirmation)
    journal.close()
    expect(readUploadJournal(dir, BLOB).get('0xb')!.confirmation).not.toBeNull()
  })

  it('is begun anew where it is too long or holds nothing', async () => {
    await writeFile(join(dir, FILE), `${'x'.repeat(16 * 1024 * 1024)}x`)
    await written()
    expect(readUploadJournal(dir, BLOB).size).toBe(2)
  })

  it('stops no upload when the disk is full', async () => {
    const full = faultyFs({
      open() {
        throw new FileSystemError('ENOSPC', 'open', dir)
      },
    })
    const journal = await openUploadJournal(dir, BLOB, full)
    journal.stored('0xa', 1, 'primary')
    journal.close()
    expect(await readdir(dir)).toEqual([])
  })

  it('says nothing that is not of its form, whatever happens to its bytes', async () => {
    await written()
    const whole = await readFile(join(dir, FILE))
    const change = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const spoiled = Buffer.from(whole)
        for (const { at, to } of changes) spoiled[at] = to
        await writeFile(join(dir, FILE), spoiled)
        for (const [node, { primary, secondary }] of readUploadJournal(dir, BLOB)) {
          expect(node).toBeTypeOf('string')
          for (const pair of [...primary, ...secondary]) expect(Number.isSafeInteger(pair) && pair >= 0).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('is dropped with those of all blobs that nobody goes on with', async () => {
    await written()
    await appendFile(join(dir, '0x14.upload'), '')
    await appendFile(join(dir, 'journal.jsonl'), '')
    forgetUploads(dir, new Set([BLOB]))
    expect((await readdir(dir)).sort()).toEqual([FILE, 'journal.jsonl'])
    forgetUploads(join(dir, 'none'), new Set())
  })
})
