import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAINNET, originalFloeId, shortChainId, TESTNET } from '../../src/ledger/networks.ts'
import { listNetworks, readNetworkProfile } from '../../src/repo/network-profiles.ts'
import { chooseNetwork, defaultNetwork } from '../../src/repo/network-use.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'floe-networks-'))
  await mkdir(join(home, 'networks'))
})
afterEach(() => rm(home, { recursive: true }))

const save = (file: string, content: unknown) =>
  writeFile(join(home, 'networks', file), typeof content === 'string' ? content : JSON.stringify(content))

describe('network profiles', () => {
  it('come built in, from files, and from the caller, the later before the earlier', async () => {
    await save('own.json', { ...TESTNET, name: 'own' })
    await save('testnet.json', { ...TESTNET, rpcUrl: 'https://rpc.example.org' })
    expect((await listNetworks(home)).map(({ name, rpcUrl }) => [name, rpcUrl])).toEqual([
      ['mainnet', MAINNET.rpcUrl],
      ['own', TESTNET.rpcUrl],
      ['testnet', 'https://rpc.example.org'],
    ])
    const given = [{ ...TESTNET, name: 'own', rpcUrl: 'http://127.0.0.1:1' }]
    expect((await readNetworkProfile(home, 'own', given)).rpcUrl).toBe('http://127.0.0.1:1')
  })

  it('trust later versions after the first, and create new repositories with the last of all', async () => {
    const id = (digit: string) => `0x${digit.repeat(64)}`
    const upgrade = (packageId: string, originalId: string, contract: number) => ({ packageId, originalId, contract })
    const floeUpgrades = [upgrade(id('b'), id('2'), 2), upgrade(id('a'), id('1'), 2), upgrade(id('c'), id('2'), 3)]
    // Of a package that is not trusted itself: trusted no more than that.
    floeUpgrades.push(upgrade(id('d'), id('9'), 2))
    await save('own.json', { ...TESTNET, name: 'own', floePackageIds: [id('1'), id('2')], floeUpgrades })
    const profile = await readNetworkProfile(home, 'own')
    expect(profile.floePackageIds).toEqual(['1', 'a', '2', 'b', 'c'].map(id))
    expect(originalFloeId(profile, id('c'))).toBe(id('2'))
    expect(originalFloeId(profile, id('1'))).toBe(id('1'))
  })

  it('say which file is broken and how, and leave the other networks usable', async () => {
    const broken: [string, RegExp][] = [
      ['{', /not JSON/],
      [`"${'x'.repeat(70_000)}"`, /longer than/],
      [JSON.stringify({ ...TESTNET, name: 'bad', chainId: 'xyz' }), /chainId/],
      [JSON.stringify({ ...TESTNET, name: 'bad', rpcUrl: 'ftp://x' }), /rpcUrl/],
      [JSON.stringify({ ...TESTNET, name: 'bad', floePackageIds: ['x'] }), /floePackageIds/],
      [
        JSON.stringify({ ...TESTNET, name: 'bad', floeUpgrades: [{ packageId: TESTNET.walPackageId }] }),
        /floeUpgrades/,
      ],
      [JSON.stringify(TESTNET), /called "testnet"/],
    ]
    for (const [text, message] of broken) {
      await save('bad.json', text)
      const error = expect.objectContaining({
        code: 'NETWORK_PROFILE_MALFORMED',
        exitCode: 2,
        message: expect.stringMatching(message),
        data: expect.objectContaining({ file: join(home, 'networks', 'bad.json') }),
      })
      await expect(readNetworkProfile(home, 'bad')).rejects.toEqual(error)
      await expect(listNetworks(home)).rejects.toEqual(error)
      expect(await readNetworkProfile(home, 'testnet')).toEqual(TESTNET)
    }
    await rm(join(home, 'networks', 'bad.json'))
    await mkdir(join(home, 'networks', 'bad.json'))
    await expect(readNetworkProfile(home, 'bad')).rejects.toMatchObject({ code: 'NETWORK_PROFILE_MALFORMED' })
  })

  it('are never read from elsewhere, whatever the name', async () => {
    await writeFile(join(home, 'secret.json'), JSON.stringify({ ...TESTNET, name: 'secret' }))
    for (const name of ['../secret', '', '.', 'nowhere'])
      await expect(readNetworkProfile(home, name)).rejects.toMatchObject({ code: 'NETWORK_UNKNOWN' })
  })

  it('name the chain by the short form of its id', () => {
    expect(shortChainId('4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S')).toBe(MAINNET.chainId)
    expect(() => shortChainId('not base58: 0OIl')).toThrow(expect.objectContaining({ code: 'LEDGER_ANSWER_MALFORMED' }))
  })
})

describe('the default network', () => {
  it('is the local one until another is chosen, and again when that is', async () => {
    expect(defaultNetwork(home)).toBe('local')
    await chooseNetwork(home, 'testnet')
    expect(defaultNetwork(home)).toBe('testnet')
    await expect(chooseNetwork(home, 'nowhere')).rejects.toMatchObject({ code: 'NETWORK_UNKNOWN', exitCode: 2 })
    expect(defaultNetwork(home)).toBe('testnet')
    await chooseNetwork(home, 'local')
    expect(defaultNetwork(home)).toBe('local')
  })
})
