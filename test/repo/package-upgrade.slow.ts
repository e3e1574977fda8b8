/** A published contract upgraded by its policy, under a repository that goes on. */

import { readFile } from 'node:fs/promises'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLedgerClient } from '../../src/ledger/client.ts'
import { FLOE_CONTRACT_VERSION, type FloeCode } from '../../src/ledger/floe-package.ts'
import { buildPackageFile, raiseVersion } from '../../src/move/package-files.ts'
import { loadPackage } from '../../src/move/packages.ts'
import { grantAccess, listAccess } from '../../src/repo/access.ts'
import { clone } from '../../src/repo/clone.ts'
import { deployFloe } from '../../src/repo/deploy.ts'
import { readDeployments, recordDeployment } from '../../src/repo/deployments.ts'
import { requestFaucet } from '../../src/repo/faucet.ts'
import { setFundRule, showFund } from '../../src/repo/fund.ts'
import { markCommit, marksOf } from '../../src/repo/marks.ts'
import { migrateRepository } from '../../src/repo/migrate.ts'
import { checkNetwork } from '../../src/repo/network-check.ts'
import type { PackageOptions } from '../../src/repo/package-policy.ts'
import { cancelUpgrade, packageStatus, proposeUpgrade, upgradePackage } from '../../src/repo/package-upgrade.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { renew } from '../../src/repo/renew.ts'
import { verifyRemote } from '../../src/repo/verify-remote.ts'
import { failure, type LocalWorld, startLocalWorld } from '../e2e/local-world.ts'

const DELAY_DAYS = 3
const DAY_MS = 86_400_000

let world: LocalWorld
let original = ''
/** A workspace whose repository was made with the first version. */
let dir = ''
let address = ''
/** The contract one version on. */
let next: FloeCode
let options: PackageOptions

beforeAll(async () => {
  world = await startLocalWorld()
  await requestFaucet({ ...world.options, network: 'local' })
  const deployed = await deployFloe({ ...world.options, network: 'local', again: true, upgradeDelayDays: DELAY_DAYS })
  if (deployed.$kind === 'dry-run') throw new Error('unreachable')
  original = deployed.deployment.packageId
  dir = await world.workspace('writer', { 'a.txt': 'one' })
  const pushed = await push(dir, { ...world.options, create: { name: 'upgraded', network: 'local' }, yes: true })
  address = `local:${pushed.repository}`
  const file = await buildPackageFile('floe', raiseVersion('floe', ['sources/repository.move']))
  const modules = file.modules.map((module, i) => ({
    name: file.names[i]!,
    bytes: new Uint8Array(Buffer.from(module, 'base64')),
  }))
  next = { compiled: { ...loadPackage('floe'), modules }, contract: FLOE_CONTRACT_VERSION + 1 }
  options = { ...world.options, network: 'local', code: next }
}, 120_000)
afterAll(() => world[Symbol.asyncDispose]())

async function passTime(ms: number): Promise<void> {
  const client = new SuiGrpcClient({ network: 'local', baseUrl: world.net.rpcUrl })
  await client.forkingService.advanceClock({ durationMs: BigInt(ms) })
}

describe('package', () => {
  it('has nothing to do for code that is there, for packages of others, and before a proposal', async () => {
    const own = { ...world.options, network: 'local' }
    expect(await packageStatus(own)).toMatchObject({
      packageId: original,
      newestId: original,
      version: 1,
      isThisCode: true,
    })
    expect(await packageStatus(options)).toMatchObject({
      isThisCode: false,
      delayMs: DELAY_DAYS * DAY_MS,
      proposal: null,
    })
    expect(await failure(proposeUpgrade(own))).toMatchObject({ code: 'PACKAGE_UNCHANGED', exitCode: 2 })
    const foreign = { ...options, packageId: world.net.floePackageId }
    expect(await failure(packageStatus(foreign))).toMatchObject({ code: 'PACKAGE_NOT_OURS', exitCode: 2 })
    expect(await failure(cancelUpgrade(options))).toMatchObject({ code: 'PACKAGE_NOT_PROPOSED', exitCode: 2 })
    expect(await failure(upgradePackage(options))).toMatchObject({ code: 'PACKAGE_NOT_PROPOSED', exitCode: 2 })
    const paid = {
      ...options,
      networks: [{ ...world.profile, local: false }],
      key: { $kind: 'alias', name: 'local' } as const,
    }
    expect(await failure(proposeUpgrade(paid))).toMatchObject({ code: 'PACKAGE_UNCONFIRMED', exitCode: 2 })
    const [deployment] = await readDeployments(world.options.homeDir, 'local')
    const unlocked = { ...deployment!, upgrades: { $kind: 'open' as const, upgradeCapId: original } }
    await recordDeployment(world.options.homeDir, 'local', unlocked)
    expect(await failure(packageStatus(options))).toMatchObject({ code: 'PACKAGE_NOT_LOCKED', exitCode: 2 })
    await recordDeployment(world.options.homeDir, 'local', { ...deployment!, upgrades: { $kind: 'never' } })
    expect(await failure(packageStatus(options))).toMatchObject({ code: 'PACKAGE_IMMUTABLE', exitCode: 2 })
    await recordDeployment(world.options.homeDir, 'local', deployment!)
  })

  it('is upgraded after the delay, to what was proposed and nothing else', async () => {
    await proposeUpgrade(options)
    expect(await failure(proposeUpgrade(options))).toMatchObject({ code: 'PACKAGE_PROPOSED', exitCode: 2 })
    expect(await cancelUpgrade(options)).toMatchObject({ proposal: null })
    const { proposal } = await proposeUpgrade(options)
    expect(proposal).toMatchObject({ ready: false, isThisCode: true })
    expect(proposal!.readyMs - proposal!.proposedMs).toBe(DELAY_DAYS * DAY_MS)
    expect(await failure(upgradePackage(options))).toMatchObject({ code: 'PACKAGE_TOO_EARLY', exitCode: 1 })
    await passTime(DELAY_DAYS * DAY_MS)
    const otherCode = { ...options, code: { ...next, compiled: loadPackage('floe') } }
    expect((await packageStatus(otherCode)).proposal).toMatchObject({ ready: true, isThisCode: false })
    expect(await failure(upgradePackage(otherCode))).toMatchObject({ code: 'PACKAGE_OTHER_PROPOSED', exitCode: 2 })
    const upgraded = await upgradePackage(options)
    expect(upgraded).toMatchObject({
      $kind: 'upgraded',
      packageId: original,
      version: 2,
      isThisCode: true,
      proposal: null,
    })
    expect(upgraded.newestId).not.toBe(original)
    expect(upgraded.upgrade).toEqual({ packageId: upgraded.newestId, originalId: original, contract: next.contract })
    expect(await failure(upgradePackage(options))).toMatchObject({ code: 'PACKAGE_NOT_PROPOSED' })
  })

  it('is put on record by the next run where the first was cut short', async () => {
    const [deployment] = await readDeployments(world.options.homeDir, 'local')
    const { upgraded, ...before } = deployment!
    await recordDeployment(world.options.homeDir, 'local', before)
    expect(await upgradePackage(options)).toMatchObject({ $kind: 'recorded', newestId: upgraded![0]!.packageId })
    const [after] = await readDeployments(world.options.homeDir, 'local')
    expect(after!.upgraded).toMatchObject([{ packageId: upgraded![0]!.packageId, contract: next.contract }])
  })
})

describe('a repository of the package', () => {
  const trusting = () => ({ ...world.options, homeDir: world.path('other'), trustPackages: [original] })

  it('goes on with the first version until it is migrated', async () => {
    await world.change(dir, { 'b.txt': 'two' })
    await push(dir, world.options)
    await clone(address, world.path('reader'), trusting())
  })

  it('is migrated by its administrator, and then served by the new version', async () => {
    const stranger = { ...world.options, homeDir: world.path('stranger') }
    await recordDeployment(stranger.homeDir, 'local', (await readDeployments(world.options.homeDir, 'local'))[0]!)
    await requestFaucet({ ...stranger, network: 'local' })
    const asStranger = migrateRepository(dir, { ...stranger, remote: address })
    expect(await failure(asStranger)).toMatchObject({ code: 'ACCESS_NOT_ADMIN', exitCode: 12 })
    const done = await migrateRepository(dir, world.options)
    expect(done).toMatchObject({ $kind: 'migrated', from: FLOE_CONTRACT_VERSION, to: next.contract })
    expect(await migrateRepository(dir, world.options)).toMatchObject({ $kind: 'up-to-date', digest: null })

    await world.change(dir, { 'c.txt': 'three' })
    const pushed = await push(dir, world.options)
    expect(pushed).toMatchObject({ $kind: 'pushed' })
    const ledger = createLedgerClient(world.profile)
    expect((await ledger.fetchObject(pushed.repository!))?.type).toBe(`${original}::repository::Repository`)
    await renew(dir, { ...world.options, epochs: 2 })
    const writer = `0x${'5'.repeat(64)}`
    await grantAccess(dir, { ...world.options, address: writer, role: 'writer' })
    expect((await listAccess(dir, world.options)).entries).toContainEqual({ address: writer, roles: ['writer'] })
    await setFundRule(dir, { ...world.options, renewBelow: 2, renewTo: 4, maxPrice: '1' })
    expect(await showFund(dir, world.options)).toMatchObject({ rule: { renewBelow: 2 } })
    await markCommit(dir, { ...world.options, status: 'superseded', reason: 'an upgrade' })
    expect(await marksOf(dir, world.options)).toMatchObject({ status: 'superseded' })
    expect(await verifyRemote(dir, { ...world.options, full: true })).toMatchObject({ ok: true })
    expect(await checkNetwork('local', world.options)).toMatchObject({
      floePackages: [{}, { packageId: original, version: 1 }, { packageId: done.packageId, version: 2 }],
    })
  })

  it('is still read by those who know the first version only, and written to by those whose profile names the new', async () => {
    await pull(world.path('reader'), trusting())
    expect(await readFile(world.path('reader/c.txt'), 'utf8')).toBe('three')
    const [deployment] = await readDeployments(world.options.homeDir, 'local')
    const { packageId, contract } = deployment!.upgraded![0]!
    await world.change(world.path('reader'), { 'd.txt': 'four' })
    const key = { $kind: 'file', path: `${world.options.homeDir}/keys/local.key` } as const
    const late = { ...trusting(), key }
    expect(await failure(push(world.path('reader'), late))).toMatchObject({ code: 'REPOSITORY_VERSION', exitCode: 14 })
    const floeUpgrades = [{ packageId, originalId: original, contract }]
    const networks = [{ ...world.profile, floePackageIds: [original], floeUpgrades }]
    await push(world.path('reader'), { ...late, trustPackages: [], networks })
    await pull(dir, world.options)
    expect(await readFile(`${dir}/d.txt`, 'utf8')).toBe('four')
  })

  it('is made with the new version from then on', async () => {
    const fresh = await world.workspace('fresh', { 'x.txt': 'x' })
    const pushed = await push(fresh, { ...world.options, create: { name: 'fresh', network: 'local' }, yes: true })
    expect(await migrateRepository(fresh, world.options)).toMatchObject({ $kind: 'up-to-date', from: next.contract })
    await world.change(fresh, { 'y.txt': 'y' })
    await push(fresh, world.options)
    await clone(`local:${pushed.repository}`, world.path('fresh-clone'), trusting())
  })
})
