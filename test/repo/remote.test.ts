import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAINNET, TESTNET } from '../../src/ledger/networks.ts'
import type { WalrusState } from '../../src/ledger/system-state.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { listNetworks, readNetworkProfile } from '../../src/repo/network-profiles.ts'
import { pushCost } from '../../src/repo/push-cost.ts'
import { addRemote, listRemotes, parseRepositoryAddress } from '../../src/repo/remote.ts'
import { openKey } from '../../src/repo/remote-context.ts'
import { parseWal } from '../../src/repo/spending.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-remote-'))
})
afterEach(() => rm(dir, { recursive: true }))

const repository = `0x${'ab'.repeat(32)}`

describe('remotes', () => {
  it('are names for addresses, kept in the configuration', async () => {
    await initWorkspace(dir)
    expect(await listRemotes(dir)).toEqual([])
    await addRemote(dir, 'origin', `testnet:${repository}`)
    await addRemote(dir, 'backup', 'local:0x2')
    expect(await listRemotes(dir)).toEqual([
      { name: 'backup', network: 'local', repository: `0x${'2'.padStart(64, '0')}` },
      { name: 'origin', network: 'testnet', repository },
    ])
    await expect(addRemote(dir, 'origin', 'local:0x3')).rejects.toMatchObject({ code: 'REMOTE_EXISTS', exitCode: 2 })
    await expect(addRemote(dir, '../x', 'local:0x3')).rejects.toMatchObject({ code: 'REMOTE_NAME_MALFORMED' })
    await expect(addRemote(dir, 'third', `local:0x3@main`)).rejects.toMatchObject({ code: 'ADDRESS_MALFORMED' })
  })

  it('parse addresses with and without a revision', () => {
    expect(parseRepositoryAddress(`local:${repository}@v1`)).toEqual({ network: 'local', repository, revision: 'v1' })
    for (const text of ['', 'local', 'local:', 'local:xyz', `Local:${repository}`, repository, `local:${repository}@`])
      expect(() => parseRepositoryAddress(text)).toThrow(expect.objectContaining({ code: 'ADDRESS_MALFORMED' }))
  })
})

describe('network profiles', () => {
  it('come from the caller, from files, and from what is built in, in that order', async () => {
    await mkdir(join(dir, 'networks'))
    const own = { ...TESTNET, name: 'own', rpcUrl: 'http://127.0.0.1:1' }
    await writeFile(join(dir, 'networks', 'own.json'), JSON.stringify(own))
    expect((await listNetworks(dir)).map((profile) => profile.name)).toEqual(['mainnet', 'own', 'testnet'])
    expect(await readNetworkProfile(dir, 'own')).toEqual(own)
    expect(await readNetworkProfile(dir, 'own', [{ ...own, rpcUrl: 'http://127.0.0.1:2' }])).toMatchObject({
      rpcUrl: 'http://127.0.0.1:2',
    })
    await expect(readNetworkProfile(dir, 'local')).rejects.toMatchObject({
      code: 'NETWORK_UNKNOWN',
      hints: [expect.stringContaining('localNetworkProfile')],
    })
    await writeFile(join(dir, 'networks', 'own.json'), '{')
    await expect(readNetworkProfile(dir, 'own')).rejects.toMatchObject({ code: 'NETWORK_PROFILE_MALFORMED' })
  })

  it('sign with a key of one’s own choice outside the local network', async () => {
    await expect(openKey(MAINNET, { homeDir: dir })).rejects.toMatchObject({ code: 'KEY_NOT_CHOSEN', exitCode: 12 })
    const local = { ...TESTNET, name: 'local', local: true }
    const [first, second] = [await openKey(local, { homeDir: dir }), await openKey(local, { homeDir: dir })]
    expect(first.address).toBe(second.address)
  })
})

describe('the cost of a push', () => {
  const state = {
    shardCount: 1000,
    epoch: 10,
    epochStartMs: Date.UTC(2026, 0, 1),
    epochDurationMs: 14 * 86_400_000,
    prices: { storagePerUnit: 100_000n, writePerUnit: 20_000n },
  } as WalrusState

  it('is the encoded size in units, for the epochs, plus the write fee', () => {
    const cost = pushCost(state, { newBytes: 5, newObjects: 1, packBytes: [1, 1], epochs: 3, nowMs: 0 })
    // 66,034,000 bytes are 63 units: the floor of a blob at 1,000 shards.
    expect(cost).toMatchObject({
      packs: 2,
      packBytes: 2,
      encodedBytes: 2 * 66_034_000,
      walFrost: String(2 * 63 * (3 * 100_000 + 20_000)),
      mainnetWalFrost: String(2 * 63 * (3 * 100_000 + 20_000)),
      endEpoch: 13,
      endDate: '2026-02-12',
    })
  })

  it('is nothing for nothing', () => {
    const cost = pushCost(state, { newBytes: 0, newObjects: 0, packBytes: [], epochs: 3, nowMs: 0 })
    expect([cost.walFrost, cost.suiMist, cost.encodedBytes]).toEqual(['0', '0', 0])
  })

  it('reads amounts of WAL exactly', () => {
    expect(parseWal('1')).toBe(1_000_000_000n)
    expect(parseWal('0.000000001')).toBe(1n)
    expect(parseWal('12.5')).toBe(12_500_000_000n)
    expect(parseWal(undefined)).toBeUndefined()
    for (const text of ['', '.5', '1e3', '-1', '1.0000000001', '1,5'])
      expect(() => parseWal(text)).toThrow(expect.objectContaining({ code: 'AMOUNT_MALFORMED' }))
  })
})
