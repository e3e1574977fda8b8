/** Publishing the contract, trusting it, and the money it takes, on one local network. */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ByteReader } from '../../src/codec/cursor.ts'
import { UpgradePolicy } from '../../src/ledger/bindings/floe/upgrade-policy.ts'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { FLOE_CONTRACT_VERSION, isFloeOfThisVersion } from '../../src/ledger/floe-package.ts'
import { packageFiles } from '../../src/move/compiler.ts'
import { type CompiledPackage, loadPackage } from '../../src/move/packages.ts'
import { clone } from '../../src/repo/clone.ts'
import { deployFloe } from '../../src/repo/deploy.ts'
import { readDeployments, recordDeployment } from '../../src/repo/deployments.ts'
import { requestFaucet } from '../../src/repo/faucet.ts'
import { migrateRepository } from '../../src/repo/migrate.ts'
import { checkNetwork } from '../../src/repo/network-check.ts'
import {
  freezePackage,
  packageStatus,
  proposeUpgrade,
  raiseUpgradeDelay,
  upgradePackage,
} from '../../src/repo/package-upgrade.ts'
import { push } from '../../src/repo/push.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { exchangeForWal, showWallet } from '../../src/repo/wallet.ts'
import { failure, type LocalWorld, startLocalWorld } from '../e2e/local-world.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world[Symbol.asyncDispose]())

/** Somebody else on the same network, with a data directory of his own. */
const stranger = () => ({ ...world.options, homeDir: world.path('stranger') })

it('knows the contract version of its own code', () => {
  const text = packageFiles('floe', false)['sources/repository.move']
  expect(/const VERSION: u64 = (\d+);/.exec(text!)?.[1]).toBe(String(FLOE_CONTRACT_VERSION))
})

describe('deploy', () => {
  it('refuses without gas, and without need', async () => {
    expect(await failure(deployFloe({ ...world.options, network: 'local' }))).toMatchObject({
      code: 'DEPLOY_EXISTS',
      exitCode: 2,
    })
    expect(await failure(deployFloe({ ...world.options, network: 'local', again: true }))).toMatchObject({
      code: 'FUNDS_SUI_SHORT',
      exitCode: 12,
    })
    await requestFaucet({ ...world.options, network: 'local' })
  })

  it('refuses a delay of nothing, a limit below the gas, money without --yes, and another chain', async () => {
    const options = { ...world.options, network: 'local', again: true }
    for (const upgradeDelayDays of [0, -1, Number.NaN, 1e6])
      expect(await failure(deployFloe({ ...options, upgradeDelayDays }))).toMatchObject({ code: 'DEPLOY_DELAY_RANGE' })
    expect(await failure(deployFloe({ ...options, maxSui: '0.01' }))).toMatchObject({
      code: 'DEPLOY_MAX_SUI',
      exitCode: 12,
    })
    const paid = {
      ...options,
      networks: [{ ...world.profile, local: false }],
      key: { $kind: 'alias', name: 'local' } as const,
    }
    expect(await failure(deployFloe(paid))).toMatchObject({ code: 'DEPLOY_UNCONFIRMED', exitCode: 2 })
    const elsewhere = { ...options, networks: [{ ...world.profile, chainId: '01020304' }] }
    expect(await failure(deployFloe(elsewhere))).toMatchObject({ code: 'NETWORK_OTHER_CHAIN', exitCode: 14 })
    expect(await readDeployments(options.homeDir, 'local')).toEqual([])
  })

  it('says what it would cost without spending anything', async () => {
    const before = await showWallet({ ...world.options, names: ['local'] })
    const plan = await deployFloe({ ...world.options, network: 'local', again: true, dryRun: true })
    expect(plan).toMatchObject({ $kind: 'dry-run', modules: 20 })
    expect(BigInt(plan.gasMist)).toBeGreaterThan(100_000_000n)
    expect(await showWallet({ ...world.options, names: ['local'] })).toEqual(before)
  })

  it('publishes the code of this Floe, locks its upgrades behind a delay, and trusts it', async () => {
    const result = await deployFloe({ ...world.options, network: 'local', again: true, upgradeDelayDays: 3 })
    if (result.$kind !== 'deployed') throw new Error('not deployed')
    const { packageId, upgrades } = result.deployment
    const ledger = createLedgerClient(world.profile)
    const published = await ledger.fetchPackage(packageId)
    const ids = { walPackageId: world.net.walPackageId, walrusOriginalId: world.net.walrusPackageId }
    expect(published).toMatchObject({ version: 1, originalId: packageId })
    expect(isFloeOfThisVersion(published!, ids)).toBe(true)
    expect(isFloeOfThisVersion(published!, { ...ids, walPackageId: `0x${'7'.repeat(64)}` })).toBe(false)
    if (upgrades.$kind !== 'delayed') throw new Error('not locked')
    const policy = await ledger.fetchObject(upgrades.policyId)
    expect(policy?.owner.$kind).toBe('shared')
    expect(UpgradePolicy.read(new ByteReader(policy!.content))).toMatchObject({
      cap: { package: packageId },
      key: upgrades.keyId,
      delayMs: 3n * 86_400_000n,
      proposal: null,
    })
    expect(await checkNetwork('local', world.options)).toMatchObject({
      ok: true,
      floePackages: [
        { packageId: world.net.floePackageId, exists: true, isThisVersion: true },
        { packageId, exists: true, version: 1, isThisVersion: true },
      ],
    })
  })

  it('creates new repositories with it, which others refuse until they trust it', async () => {
    const [deployment] = await readDeployments(world.options.homeDir, 'local')
    const { packageId } = deployment!
    const dir = await world.workspace('with-own-package', { 'a.txt': 'one' })
    const pushed = await push(dir, { ...world.options, create: { name: 'own', network: 'local' }, yes: true })
    const ledger = createLedgerClient(world.profile)
    expect((await ledger.fetchObject(pushed.repository!))?.type).toBe(`${packageId}::repository::Repository`)
    await push(dir, world.options)
    expect(await verifyRemote(dir, { ...world.options, full: true })).toMatchObject({ ok: true })

    const address = `local:${pushed.repository}`
    const refused = await failure(clone(address, world.path('refused'), stranger()))
    expect(refused).toMatchObject({ code: 'LEDGER_PACKAGE_UNTRUSTED', exitCode: 13 })
    await rm(world.path('refused'), { recursive: true, force: true })
    await clone(address, world.path('trusted'), { ...stranger(), trustPackages: [packageId] })
    expect(await readFile(world.path('trusted/a.txt'), 'utf8')).toBe('one')
    // A chain that was started anew has nothing of what was published before.
    const elsewhere = { ...world.options, networks: [{ ...world.profile, chainId: '01020304' }] }
    expect(await failure(clone(address, world.path('elsewhere'), elsewhere))).toMatchObject({
      code: 'LEDGER_PACKAGE_UNTRUSTED',
    })
  })

  it('upgrades after the delay, as proposed, and repositories move on one by one', async () => {
    const next = { compiled: withContractVersion2(), contract: 2 }
    const options = { ...world.options, network: 'local', code: next }
    const own = await packageStatus({ ...options, code: undefined })
    expect(own).toMatchObject({ version: 1, isThisCode: true, proposal: null })
    expect(await failure(proposeUpgrade({ ...options, code: undefined }))).toMatchObject({ code: 'PACKAGE_UNCHANGED' })
    const { proposal } = await proposeUpgrade(options)
    expect(proposal).toMatchObject({ ready: false, isThisCode: true })
    expect(await failure(upgradePackage(options))).toMatchObject({ code: 'PACKAGE_TOO_EARLY', exitCode: 1 })
    const client = new SuiGrpcClient({ network: 'local', baseUrl: world.net.rpcUrl })
    await client.forkingService.advanceClock({ durationMs: 3n * 86_400_000n })
    const { upgrade, version } = await upgradePackage(options)
    expect({ version, ...upgrade }).toMatchObject({ version: 2, originalId: own.packageId, contract: 2 })

    const dir = world.path('with-own-package')
    const moved = await migrateRepository(dir, world.options)
    expect(moved).toMatchObject({ $kind: 'migrated', from: 1, to: 2, packageId: upgrade.packageId })
    await world.change(dir, { 'c.txt': 'after it moved' })
    await push(dir, world.options)
    const late = { ...world.options, homeDir: world.path('stranger'), trustPackages: [own.packageId] }
    await world.change(dir, { 'd.txt': 'by one who was not told' })
    expect(await failure(push(dir, late))).toMatchObject({ code: 'REPOSITORY_VERSION', exitCode: 14 })

    for (const days of [2, 3, Number.NaN, 4000])
      expect(await failure(raiseUpgradeDelay({ ...options, days }))).toMatchObject({ code: 'PACKAGE_DELAY_RANGE' })
    expect(await raiseUpgradeDelay({ ...options, days: 30 })).toMatchObject({ delayMs: 30 * 86_400_000 })
    expect(await failure(freezePackage(options))).toMatchObject({ code: 'PACKAGE_UNCONFIRMED', exitCode: 2 })
    expect(await freezePackage({ ...options, yes: true })).toMatchObject({ version: 2, newestId: upgrade.packageId })
    expect(await failure(packageStatus(options))).toMatchObject({ code: 'PACKAGE_IMMUTABLE', exitCode: 2 })
  })

  /** The contract as if compiled with `VERSION` 2: it lies in the constants as a u64 of 8 bytes. */
  function withContractVersion2(): CompiledPackage {
    const floe = loadPackage('floe')
    const modules = floe.modules.map(({ name, bytes }) => {
      const at = Buffer.from(bytes).indexOf(Uint8Array.of(3, 8, 1, 0, 0, 0, 0, 0, 0, 0))
      if (name !== 'repository') return { name, bytes }
      const raised = bytes.slice()
      raised[at + 2] = 2
      return { name, bytes: raised }
    })
    return { ...floe, modules }
  }

  it('goes on where it was interrupted instead of publishing once more', async () => {
    // What is on disk when the process dies between the two transactions, with the capability still free.
    const ledger = createLedgerClient(world.profile)
    const open = await deployWithoutLock()
    const before = (await readDeployments(world.options.homeDir, 'local')).length
    const resumed = await deployFloe({ ...world.options, network: 'local' })
    expect(resumed).toMatchObject({ $kind: 'locked', deployment: { packageId: open, upgrades: { $kind: 'delayed' } } })
    expect(await readDeployments(world.options.homeDir, 'local')).toHaveLength(before)
    // What was published by a command that never learnt of it is found by its capability.
    await rm(`${world.options.homeDir}/deployments/local.json`)
    const lost = await deployWithoutLock()
    await rm(`${world.options.homeDir}/deployments/local.json`)
    const found = await deployFloe({ ...world.options, network: 'local', keepDefault: true })
    expect(found).toMatchObject({ $kind: 'locked', deployment: { packageId: lost, upgrades: { $kind: 'delayed' } } })
    expect(await ledger.fetchPackage(open)).not.toBeNull()
  })

  /** Loses the connection right after publishing. */
  async function deployWithoutLock(): Promise<string> {
    let executed = 0
    const breaking: typeof fetch = async (input, init) => {
      const url = input instanceof Request ? input.url : String(input)
      if (url.includes('ExecuteTransaction') && executed++ > 0) throw new TypeError('fetch failed')
      return fetch(input, init)
    }
    const known = await readDeployments(world.options.homeDir, 'local')
    const error = await failure(deployFloe({ ...world.options, network: 'local', again: true, fetch: breaking }))
    expect(error).toMatchObject({ kind: 'network' })
    const added = (await readDeployments(world.options.homeDir, 'local')).filter(
      (one) => !known.some(({ packageId }) => packageId === one.packageId),
    )
    expect(added).toMatchObject([{ upgrades: { $kind: 'open' } }])
    return added[0]!.packageId
  }

  it('gives up upgrades for good, and leaves new repositories with the package of before, where that is asked for', async () => {
    const result = await deployFloe({
      ...world.options,
      network: 'local',
      again: true,
      immutable: true,
      keepDefault: true,
    })
    expect(result).toMatchObject({ $kind: 'deployed', deployment: { isDefault: false, upgrades: { $kind: 'never' } } })
  })

  it('refuses a list of published packages that is broken', async () => {
    const homeDir = world.path('broken')
    await mkdir(`${homeDir}/deployments`, { recursive: true })
    const [good] = await readDeployments(world.options.homeDir, 'local')
    for (const text of [
      '',
      '{',
      '[]',
      '{"deployments":[{}]}',
      JSON.stringify({ deployments: [{ ...good, extra: 1 }] }),
    ]) {
      await writeFile(`${homeDir}/deployments/local.json`, text)
      expect(await failure(readDeployments(homeDir, 'local'))).toMatchObject({
        code: 'DEPLOYMENTS_MALFORMED',
        exitCode: 2,
      })
    }
    await rm(`${homeDir}/deployments`, { recursive: true })
    await recordDeployment(homeDir, 'local', good!)
    expect(await readDeployments(homeDir, 'local')).toEqual([good])
  })
})

describe('network check', () => {
  it('says that a trusted package is not there, and what that means', async () => {
    const profile = { ...world.profile, floePackageIds: [`0x${'9'.repeat(64)}`] }
    const report = await checkNetwork('local', { homeDir: world.path('nobody'), networks: [profile] })
    expect(report.ok).toBe(false)
    expect(report.steps.at(-1)).toMatchObject({ check: 'floe', ok: false, code: 'FLOE_PACKAGE_MISSING' })
    const none = await checkNetwork('local', {
      homeDir: world.path('nobody'),
      networks: [{ ...world.profile, floePackageIds: [] }],
    })
    expect(none.steps.at(-1)).toMatchObject({
      code: 'FLOE_PACKAGE_UNKNOWN',
      hints: [expect.stringContaining('floe deploy')],
    })
    // Any other package may exist: it is not this code.
    const other = await checkNetwork('local', {
      homeDir: world.path('nobody'),
      networks: [{ ...world.profile, floePackageIds: [world.net.walPackageId] }],
    })
    expect(other.floePackages).toMatchObject([{ exists: true, isThisVersion: false }])
  })

  it('tells a ledger of another chain', async () => {
    const networks = [{ ...world.profile, chainId: '4c78adac' }]
    const report = await checkNetwork('local', { ...world.options, networks })
    expect(report.steps).toMatchObject([{ check: 'rpc', ok: false, code: 'NETWORK_OTHER_CHAIN' }])
  })
})

describe('wallet', () => {
  it('shows a row per network, also where nothing answers or no key is chosen', async () => {
    const dead = { ...world.profile, name: 'dead', rpcUrl: 'http://127.0.0.1:9', faucetUrl: undefined }
    const keyless = { ...world.profile, name: 'keyless', local: false }
    const networks = [world.profile, dead, keyless]
    const rows = await showWallet({ ...world.options, networks, names: ['local', 'dead', 'keyless'] })
    expect(rows[0]).toMatchObject({ network: 'local', error: null, address: expect.stringMatching(/^0x[0-9a-f]{64}$/) })
    expect(rows[0]!.advice[0]).toContain('floe faucet')
    expect(rows[1]).toMatchObject({ suiMist: null, error: { code: 'LEDGER_UNREACHABLE' } })
    expect(rows[2]).toMatchObject({ address: null, error: { code: 'KEY_NOT_CHOSEN' } })
  })

  it('exchanges SUI for WAL where the network does', async () => {
    const networks = [{ ...world.profile, exchangeObjectIds: [world.net.exchangeObjectId!] }]
    const options = { ...world.options, networks, network: 'local' }
    const [before] = await showWallet({ ...options, names: ['local'] })
    const got = await exchangeForWal({ ...options, amount: '1.25' })
    expect(got).toMatchObject({ paidMist: '1250000000', walFrost: '1250000000' })
    const [after] = await showWallet({ ...options, names: ['local'] })
    expect(BigInt(after!.walFrost!) - BigInt(before!.walFrost!)).toBe(1_250_000_000n)
    expect(after!.advice).toContainEqual(expect.stringContaining('--exchange'))
    for (const [amount, code] of [
      ['0', 'AMOUNT_MALFORMED'],
      ['1e3', 'AMOUNT_MALFORMED'],
      ['9000000000', 'EXCHANGE_EMPTY'],
    ] as const)
      expect(await failure(exchangeForWal({ ...options, amount }))).toMatchObject({ code })
    expect(await failure(exchangeForWal({ ...world.options, network: 'local', amount: '1' }))).toMatchObject({
      code: 'EXCHANGE_MISSING',
    })
  })
})
