import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'
import { BlobFile } from '../../../src/localnet/nodes/blob-file.ts'

let dir: string
let path: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-blob-file-'))
  path = join(dir, 'a.blob')
})
afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

const metadata = Uint8Array.of(1, 2, 3)
const payload = (seed: number) => createRng(seed).fill(new Uint8Array(50 + seed))

/** A file with metadata and four slivers, and its length after each of them. */
async function filled(): Promise<number[]> {
  const file = await BlobFile.create(path, metadata)
  const lengths: number[] = [(await readFile(path)).length]
  for (let pair = 0; pair < 4; pair++) {
    await file.appendSliver(pair % 2 === 0 ? 'primary' : 'secondary', pair, payload(pair))
    lengths.push((await readFile(path)).length)
  }
  return lengths
}

describe('a blob file', () => {
  it('has the layout that its documentation says', async () => {
    await filled()
    const bytes = await readFile(path)
    expect(bytes.toString('latin1', 0, 8)).toBe('FLOEBLB1')
    expect(bytes.subarray(8, 16)).toEqual(Buffer.from([0, 0, 0, 0, 3, 0, 0, 0]))
    expect(bytes.subarray(20, 23)).toEqual(Buffer.from(metadata))
    expect(bytes.subarray(23, 31)).toEqual(Buffer.from([1, 0, 0, 0, 50, 0, 0, 0]))
  })

  it('cut off anywhere keeps every record that is complete, and grows again', async () => {
    const lengths = await filled()
    const whole = await readFile(path)
    for (let length = 0; length <= whole.length; length++) {
      await writeFile(path, whole.subarray(0, length))
      const file = await BlobFile.open(path)
      const complete = lengths.filter((end) => end <= length).length - 1
      if (complete < 0) {
        expect(file).toBeUndefined()
        continue
      }
      expect([0, 1, 2, 3].filter((pair) => file!.has(pair % 2 === 0 ? 'primary' : 'secondary', pair))).toEqual(
        [0, 1, 2, 3].slice(0, complete),
      )
      await file!.appendSliver('primary', 9, payload(9))
      const again = await BlobFile.open(path)
      expect(await again!.readSliver('primary', 9)).toEqual(Buffer.from(payload(9)))
      expect(await again!.readMetadata()).toEqual(Buffer.from(metadata))
      // What was cut off in the middle must not stand behind the new record.
      expect((await readFile(path)).length).toBe(lengths[complete]! + 12 + 59)
    }
  })

  it('is never there without its metadata', async () => {
    expect(await BlobFile.open(path)).toBeUndefined()
    await writeFile(`${path}.tmp`, 'half')
    expect(await BlobFile.open(path)).toBeUndefined()
  })

  it('survives bytes that are no records', async () => {
    await filled()
    const whole = await readFile(path)
    const rng = createRng(5)
    for (let round = 0; round < 200; round++) {
      const mutated = Buffer.from(whole)
      for (let flips = 0; flips <= round % 3; flips++) mutated[rng.below(mutated.length)]! ^= 1 + rng.below(255)
      await writeFile(path, mutated)
      const file = await BlobFile.open(path)
      for (let pair = 0; pair < 4; pair++) {
        const bytes = await file?.readSliver(pair % 2 === 0 ? 'primary' : 'secondary', pair)
        if (bytes) expect(bytes.length).toBe(50 + pair)
      }
    }
  })

  it('writes simultaneous slivers one behind the other', async () => {
    const file = await BlobFile.create(path, metadata)
    await Promise.all(Array.from({ length: 20 }, (_, pair) => file.appendSliver('primary', pair, payload(pair))))
    await file.sync()
    const again = await BlobFile.open(path)
    for (let pair = 0; pair < 20; pair++)
      expect(await again!.readSliver('primary', pair)).toEqual(Buffer.from(payload(pair)))
  })

  it('takes the next sliver at once when the one before it is through', async () => {
    const file = await BlobFile.create(path, metadata)
    for (let pair = 0; pair < 100; pair++) expect(await file.appendSliver('primary', pair, payload(0))).toBe(true)
    expect(await file.appendSliver('primary', 99, payload(0))).toBe(false)
  })

  it('does not count a sliver whose write failed', async () => {
    const file = await BlobFile.create(path, metadata)
    await rm(path)
    await expect(file.appendSliver('primary', 1, payload(1))).rejects.toThrow('ENOENT')
    expect(file.has('primary', 1)).toBe(false)
    await (await open(path, 'w')).close()
    expect(await BlobFile.open(path)).toBeUndefined()
  })
})
