import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requestSuiFromFaucetV2 } from '@mysten/sui/faucet'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { Transaction } from '@mysten/sui/transactions'
import { fromBase64 } from '@mysten/sui/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LedgerHandle, startLedger } from '../../../src/localnet/ledger/index.ts'
import { packageDigest } from '../../../src/localnet/ledger/ptb-publish.ts'
import { loadPackage, PACKAGE_ADDRESSES } from '../../../src/move/packages.ts'

const FLOE = PACKAGE_ADDRESSES.floe
/** test/vectors/localnet/visitor.move, which reads repositories. */
const visitor: { modules: string[]; dependencies: string[] } = JSON.parse(
  readFileSync(new URL('../../vectors/localnet/visitor.json', import.meta.url), 'utf8'),
)

let dir: string
let ledger: LedgerHandle
let client: SuiGrpcClient
const signer = new Ed25519Keypair()
const address = signer.toSuiAddress()

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'floe-own-package-'))
  ledger = await startLedger({ dir, durability: 'never' })
  const packages = (['move-stdlib', 'sui-framework', 'wal', 'walrus', 'floe'] as const).map((name) => {
    const { address: id, modules, dependencies } = loadPackage(name)
    return { name, id, modules: modules.map(({ bytes }) => bytes), dependencies }
  })
  await ledger.genesis({ packages })
  client = new SuiGrpcClient({ network: 'localnet', baseUrl: ledger.rpcUrl })
  await requestSuiFromFaucetV2({ host: ledger.faucetUrl, recipient: address })
})
afterAll(async () => {
  await ledger.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Runs what is built and returns the changed objects, by type. */
async function run(build: (tx: Transaction) => void) {
  const transaction = new Transaction()
  build(transaction)
  const result = await client.signAndExecuteTransaction({
    transaction,
    signer,
    include: { effects: true, objectTypes: true },
  })
  const done = result.Transaction!
  expect(done.status).toEqual({ success: true, error: null })
  return {
    packageId: done.effects!.changedObjects.find(({ outputState }) => outputState === 'PackageWrite')?.objectId,
    find: (type: string) =>
      done.effects!.changedObjects.find(({ objectId }) => done.objectTypes![objectId]?.endsWith(type))!.objectId,
  }
}

describe("a user's own package beside Floe's", () => {
  let packageId: string
  let capId: string
  let repository: string

  it('is published with the official client', async () => {
    const published = await run((tx) => tx.transferObjects([tx.publish(visitor)], address))
    packageId = published.packageId!
    capId = published.find('::package::UpgradeCap')
    const { function: visit } = await client.getMoveFunction({ packageId, moduleName: 'visitor', name: 'visit' })
    expect(visit.parameters[0]).toMatchObject({
      reference: 'immutable',
      body: { datatype: { typeName: `${FLOE}::repository::Repository` } },
    })
  })

  it("is called with Floe's objects, and its aborts come back with their code", async () => {
    const created = await run((tx) => {
      const made = tx.moveCall({
        target: `${FLOE}::repository::create`,
        arguments: [tx.pure.string('cats'), tx.pure.u64(1000), tx.object.clock()],
      })
      tx.moveCall({ target: `${FLOE}::repository::share`, arguments: [made[0]!] })
      tx.transferObjects([made[1]!], address)
    })
    repository = created.find('::repository::Repository')
    const visit = new Transaction()
    const noted = visit.moveCall({
      target: `${packageId}::visitor::visit`,
      arguments: [visit.object(repository), visit.pure.string('refs/heads/main')],
    })
    visit.transferObjects([noted], address)
    await expect(client.signAndExecuteTransaction({ transaction: visit, signer })).rejects.toMatchObject({
      executionError: {
        $kind: 'MoveAbort',
        MoveAbort: { abortCode: '7', location: { module: 'visitor', functionName: 'visit' } },
      },
    })
  })

  it('is upgraded, and both versions answer', async () => {
    const { packageId: upgraded } = await run((tx) => {
      const cap = tx.object(capId)
      const digest = [...packageDigest(visitor.modules.map(fromBase64), visitor.dependencies)]
      const ticket = tx.moveCall({
        target: '0x2::package::authorize_upgrade',
        arguments: [cap, tx.pure.u8(0), tx.pure.vector('u8', digest)],
      })
      const receipt = tx.upgrade({ ...visitor, package: packageId, ticket })
      tx.moveCall({ target: '0x2::package::commit_upgrade', arguments: [cap, receipt] })
    })
    for (const id of [packageId, upgraded!]) {
      const { function: found } = await client.getMoveFunction({
        packageId: id,
        moduleName: 'visitor',
        name: 'is_current',
      })
      // The type stays that of the first version.
      expect(found.parameters[0]!.body).toMatchObject({ datatype: { typeName: `${packageId}::visitor::Visit` } })
    }
    const { versions } = (await client.movePackageService.listPackageVersions({ packageId })).response
    expect(versions.map(({ version }) => version)).toEqual([1n, 2n])
  })
})
