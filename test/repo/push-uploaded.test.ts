import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { blobIdText } from '../../src/protocol/blob-id.ts'
import { createUploadedPacks, paidCommits } from '../../src/repo/push-uploaded.ts'
import type { RemoteContext } from '../../src/repo/remote-context.ts'
import { createPushJournal, type PushStep } from '../../src/transfer/push-journal.ts'

const MUTATIONS = 3000
const pack = Buffer.from('the bytes of a pack')
const blobId = blobIdText(new Uint8Array(32).fill(7))
const steps: PushStep[] = [
  { $kind: 'started', network: 'local', repository: null, ref: 'heads/main', old: null, new: 'c', timeMs: 0 },
  { $kind: 'encoded', blobId, rootHash: '00', blobBytes: pack.length, kind: 'data', packHash: sha256Hex(pack) },
  { $kind: 'uploaded', blobId, epoch: 1, signers: [0, 1, 2], message: 'AAEC', signature: 'AwQF' },
]

let dir = ''
let path = ''
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'floe-push-uploaded-'))
  const journal = await createPushJournal(dir, 0)
  path = journal.path
  for (const step of steps) await journal.record(step)
  await journal.close()
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Nothing is the pusher's own; the repository has the blob. */
const find = async (bytes: Uint8Array, network = 'local') => {
  const context = { profile: { name: network } } as unknown as RemoteContext
  const owned = async () => new Map()
  const uploaded = await createUploadedPacks({ dir, context, owned, isDeposited: async () => true, signal: undefined })
  return (await uploaded.find(bytes)).uploaded
}

it('finds a pack by its bytes, on its own network', async () => {
  expect(await find(pack)).toMatchObject({ encoded: steps[1], certificate: null })
  expect(await find(Buffer.from('other bytes'))).toBeNull()
  expect(await find(pack, 'testnet')).toBeNull()
})

it('knows which commits have paid for contents, of the same ref', async () => {
  const subject = { network: 'local', repository: null, ref: 'heads/main' }
  const started = { ...steps[0]!, new: 'ab'.repeat(32) } as PushStep
  const registered: PushStep = { $kind: 'registered', blobId, objectId: '0x1', endEpoch: 3, digest: null }
  const written = async (...lines: PushStep[]) => {
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    return paidCommits(dir, subject)
  }
  expect(await written(started, steps[1]!, registered)).toEqual(new Set(['ab'.repeat(32)]))
  expect(await written(started, steps[1]!)).toEqual(new Set())
  expect(await written(started, { ...steps[1]!, kind: 'meta' } as PushStep, registered)).toEqual(new Set())
  expect(await written(steps[0]!, steps[1]!, registered)).toEqual(new Set())
  await written(started, steps[1]!, registered)
  expect(await paidCommits(dir, { ...subject, ref: 'heads/other' })).toEqual(new Set())
})

it('takes a damaged journal for none, whatever the damage, and never fails', async () => {
  const whole = readFileSync(path)
  const rng = createRng(17)
  let lost = 0
  for (let round = 0; round < MUTATIONS; round++) {
    const bytes = Buffer.from(whole)
    for (let change = 0; change <= rng.below(3); change++) bytes[rng.below(bytes.length)] = 32 + rng.below(95)
    writeFileSync(path, bytes)
    if ((await find(pack)) === null) lost++
    if (round % 4 === 0) await paidCommits(dir, { network: 'local', repository: null, ref: 'heads/main' })
  }
  expect(lost).toBeGreaterThan(MUTATIONS / 4)
  for (const changed of [
    { signers: 'all' },
    { signers: [-1] },
    { message: undefined },
    { signature: 7 },
    { signature: '*' },
  ]) {
    writeFileSync(
      path,
      [...steps.slice(0, 2), { ...steps[2], ...changed }].map((step) => `${JSON.stringify(step)}\n`).join(''),
    )
    expect(await find(pack), JSON.stringify(changed)).toBeNull()
  }
})
