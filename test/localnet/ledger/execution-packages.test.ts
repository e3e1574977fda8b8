import { readFileSync } from 'node:fs'
import { bcs } from '@mysten/sui/bcs'
import { toBase64 } from '@mysten/sui/utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import { encodeObject, isPackage, type LedgerObject } from '../../../src/localnet/ledger/object.ts'
import { packageDigest } from '../../../src/localnet/ledger/ptb-publish.ts'
import { moduleFunction } from '../../../src/localnet/movevm/signatures.ts'
import { normalizeAddress } from '../../../src/localnet/movevm/types.ts'
import { loadPackage } from '../../../src/move/packages.ts'
import { vectorModules } from '../movevm/probe.ts'
import { ALICE, expectSuccess, failureOf, TestLedger, u64At } from './execution-fixture.ts'

const DEPENDENCIES = ['0x1', '0x2'].map(normalizeAddress)

let ledger: TestLedger
let first: string
let cap: LedgerObject
beforeEach(async () => {
  ledger = new TestLedger()
  first = (await ledger.publish(vectorModules('upgraded-v1'))).packageId
  cap = ledger.ofType(`${normalizeAddress('0x2')}::package::UpgradeCap`)[0]!
})

/** Upgrades as the SDK does: authorise, upgrade, commit. */
function upgrade(modules: Uint8Array[], options: { policy?: number; digest?: Uint8Array; packageId?: string } = {}) {
  const digest = options.digest ?? packageDigest(modules, DEPENDENCIES)
  return ledger.run((tx) => {
    const input = tx.object(ledger.owned(cap))
    const ticket = tx.moveCall({
      target: '0x2::package::authorize_upgrade',
      arguments: [input, tx.pure.u8(options.policy ?? 0), tx.pure.vector('u8', [...digest])],
    })
    const receipt = tx.upgrade({
      modules: modules.map((bytes) => toBase64(bytes)),
      dependencies: DEPENDENCIES,
      package: options.packageId ?? first,
      ticket,
    })
    tx.moveCall({ target: '0x2::package::commit_upgrade', arguments: [input, receipt] })
  })
}

async function createConfig(): Promise<LedgerObject> {
  const result = expectSuccess(
    await ledger.run((tx) => tx.transferObjects([tx.moveCall({ target: `${first}::api::create` })], ALICE)),
  )
  return result.written.find(({ data }) => data.kind === 'move' && data.type.endsWith('::api::Config'))!
}

describe('upgrading', () => {
  it('names the code by the digest the compiler gives', () => {
    const file = new URL('../../vectors/move/upgraded-v2.json', import.meta.url)
    const { digest } = JSON.parse(readFileSync(file, 'utf8')) as { digest: string }
    expect(toHex(packageDigest(vectorModules('upgraded-v2'), DEPENDENCIES))).toBe(digest)
  })

  it('makes a new package object that old objects and types work with', async () => {
    const config = await createConfig()
    const result = expectSuccess(await upgrade(vectorModules('upgraded-v2')))
    const next = result.written.find(isPackage)!
    expect(next.version).toBe(2n)
    expect(next.id).not.toBe(first)
    expect(next.data.typeOrigins).toEqual([
      { module: 'api', datatype: 'Config', packageId: first },
      { module: 'api', datatype: 'Seen', packageId: first },
      { module: 'api', datatype: 'Extra', packageId: next.id },
    ])
    const used = expectSuccess(
      await ledger.run(
        (tx) => {
          const input = tx.object(ledger.owned(config))
          tx.moveCall({ target: `${next.id}::api::bump`, arguments: [input] })
          tx.moveCall({ target: `${first}::api::bump`, arguments: [input] })
          tx.moveCall({ target: `${next.id}::api::see`, arguments: [input] })
          tx.moveCall({ target: `${next.id}::api::extra` })
        },
        { mode: 'simulate' },
      ),
    )
    // 1 at creation, 100 by the new code, 1 by the old.
    expect(u64At(used.written.find(({ id }) => id === config.id)!, 32)).toBe(102n)
    expect(used.events[0]).toMatchObject({ packageId: next.id, type: `${first}::api::Seen` })
    expect(used.commandOutputs[3]!.returnValues[0]).toMatchObject({ type: `${next.id}::api::Extra` })
    expect(moduleFunction(ledger, next.id, 'api', 'bump')?.parameters[0]?.body).toMatchObject({
      typeName: `${first}::api::Config`,
    })
    // A type may be named by any version that has it.
    const named = await ledger.run((tx) => {
      const type = `${next.id}::api::Config`
      tx.moveCall({
        target: '0x2::transfer::public_freeze_object',
        typeArguments: [type],
        arguments: [tx.object(ledger.owned(config))],
      })
    })
    expectSuccess(named)
    expect(ledger.getObject(config.id)!.data).toMatchObject({ type: `${first}::api::Config` })
  })

  it('is refused if an existing struct changes', async () => {
    const result = await upgrade(vectorModules('upgraded-broken'))
    expect(failureOf(result)).toMatchObject({
      kind: 'PackageUpgradeError',
      command: 1,
      status: { PackageUpgradeError: { upgradeError: { IncompatibleUpgrade: true } } },
    })
  })

  it('is refused for other bytes than were authorised', async () => {
    const digest = packageDigest(vectorModules('upgraded-broken'), DEPENDENCIES)
    const result = await upgrade(vectorModules('upgraded-v2'), { digest })
    expect(failureOf(result).status.PackageUpgradeError?.upgradeError).toMatchObject({ DigestDoesNotMatch: {} })
  })

  it('is refused for another package', async () => {
    const result = await upgrade(vectorModules('upgraded-v2'), { packageId: normalizeAddress('0x2') })
    expect(failureOf(result).status.PackageUpgradeError?.upgradeError).toMatchObject({ PackageIDDoesNotMatch: {} })
  })

  it('with the additive policy keeps the code of existing functions', async () => {
    // Version 2 changes the constant inside `step`.
    const result = await upgrade(vectorModules('upgraded-v2'), { policy: 128 })
    expect(failureOf(result).kind).toBe('PackageUpgradeError')
    expectSuccess(await upgrade(vectorModules('upgraded-v1'), { policy: 128 }))
  })
})

describe('publishing', () => {
  const publish = (modules: Uint8Array[], dependencies: string[]) =>
    ledger.run((tx) => {
      const made = tx.publish({ modules: modules.map((bytes) => toBase64(bytes)), dependencies })
      tx.transferObjects([made], ALICE)
    })

  it('links to the named versions of all packages it needs', async () => {
    const result = await publish(vectorModules('upgraded-v1'), ['0x1'])
    expect(failureOf(result).kind).toBe('PublishUpgradeMissingDependency')
    const unknown = await publish(vectorModules('upgraded-v1'), ['0x1', '0x2', '0x99'])
    expect(failureOf(unknown).kind).toBe('PublishUpgradeMissingDependency')
    // 0x2 itself needs 0x1.
    const indirect = await publish(vectorModules('upgraded-v1'), ['0x2'])
    expect(failureOf(indirect).kind).toBe('PublishUpgradeMissingDependency')
  })

  it('demands the address 0x0 outside genesis', async () => {
    const { modules } = loadPackage('wal')
    const result = await publish(
      modules.map(({ bytes }) => bytes),
      DEPENDENCIES,
    )
    expect(failureOf(result).kind).toBe('PublishErrorNonZeroAddress')
  })

  it('refuses bytes that are no module, twice the same module, and code that does not link', async () => {
    const [module] = vectorModules('upgraded-v1')
    const broken = module!.slice()
    broken[20]! ^= 0xff
    expect(failureOf(await publish([broken], DEPENDENCIES)).kind).toBe('VMVerificationOrDeserializationError')
    expect(failureOf(await publish([module!, module!], DEPENDENCIES)).kind).toBe('VMVerificationOrDeserializationError')
    // A call to a function that 0x2 does not have: `emit` becomes `emix` in the names of the module.
    const unlinked = module!.slice()
    const at = Buffer.from(unlinked).indexOf('\x04emit')
    unlinked[at + 4] = 'x'.charCodeAt(0)
    expect(failureOf(await publish([unlinked], DEPENDENCIES)).kind).toBe('FunctionNotFound')
    expect([...ledger.objects.values()].filter(isPackage)).toHaveLength(3)
  })

  it('charges for the bytes of the package', async () => {
    const { result, packageId } = await ledger.publish(vectorModules('probe'))
    const stored = ledger.getObject(packageId)!
    expect(stored.storageRebate).toBeGreaterThan(
      7600n * BigInt(vectorModules('probe').reduce((n, m) => n + m.length, 0)),
    )
    expect(result.gasUsed.storageCost).toBe(result.written.reduce((sum, object) => sum + object.storageRebate, 0n))
    expect(bcs.Object.parse(encodeObject(stored)).owner).toMatchObject({ Immutable: true })
  })

  it('at genesis keeps the address that is in the bytecode', async () => {
    await ledger.install('wal')
    const { address } = loadPackage('wal')
    expect(isPackage(ledger.getObject(address)!)).toBe(true)
    await expect(ledger.install('wal')).rejects.toThrow(/VMInvariantViolation/)
  })
})
