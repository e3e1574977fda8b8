import { readFileSync } from 'node:fs'
import { bcs } from '@mysten/sui/bcs'
import type { Transaction } from '@mysten/sui/transactions'
import { fromBase64 } from '@mysten/sui/utils'
import { beforeAll, describe, expect, it } from 'vitest'
import { jsonValue } from '../../../src/localnet/ledger/json-value.ts'
import type { LedgerObject } from '../../../src/localnet/ledger/object.ts'
import { PACKAGE_ADDRESSES } from '../../../src/move/packages.ts'
import { ALICE, expectSuccess, failureOf } from './execution-fixture.ts'
import { certificate, certify, createNetwork, type Network, QUORUM, register, SIZE } from './walrus-fixture.ts'

const FLOE = PACKAGE_ADDRESSES.floe
const MAIN = 'refs/heads/main'
const visitor: { modules: string[]; dependencies: string[] } = JSON.parse(
  readFileSync(new URL('../../vectors/localnet/visitor.json', import.meta.url), 'utf8'),
)

describe("a user's package that reads repositories", () => {
  let network: Network
  let packageId: string
  let repository: LedgerObject
  const shared = (tx: Transaction) => tx.object(network.ledger.shared(repository, false))

  beforeAll(async () => {
    network = await createNetwork()
    const { ledger } = network
    await ledger.install('floe')
    const { blob, blobId } = await register(network, 1)
    expectSuccess(await certify(network, blob, certificate(network, blobId, blob, QUORUM)))
    const created = await ledger.run((tx) => {
      const call = (target: string, args: Parameters<Transaction['moveCall']>[0]['arguments']) =>
        tx.moveCall({ target: `${FLOE}::${target}`, arguments: args })
      const clock = tx.object(ledger.clock())
      const [made, cap] = call('repository::create', [tx.pure.string('cats'), tx.pure.u64(1000), clock])
      const none = tx.pure.option('vector<u8>', null)
      const push = call('push::begin', [made!, tx.pure.string(MAIN), none, tx.pure.u64(0), tx.pure.u64(0)])
      const pack = call('push::deposit', [push, made!, tx.object(ledger.owned(blob)), tx.pure.u8(1), clock])
      const id = () => tx.pure.vector('u8', new Array<number>(32).fill(9))
      call('push::finish', [push, made!, id(), id(), pack, none, tx.pure.bool(false), clock])
      call('repository::share', [made!])
      tx.transferObjects([cap!], ALICE)
    })
    expectSuccess(created)
    repository = created.written.find(
      ({ data }) => data.kind === 'move' && data.type.endsWith('::repository::Repository'),
    )!
    ;({ packageId } = await ledger.publish(visitor.modules.map(fromBase64), visitor.dependencies))
  })

  it('keeps what it read there', async () => {
    const { ledger } = network
    const visited = await ledger.run((tx) => {
      const target = `${packageId}::visitor::visit`
      tx.transferObjects([tx.moveCall({ target, arguments: [shared(tx), tx.pure.string(MAIN)] })], ALICE)
    })
    expectSuccess(visited)
    const [visit] = ledger.ofType(`${packageId}::visitor::Visit`)
    const contents = visit!.data.kind === 'move' ? visit!.data.contents : new Uint8Array()
    expect(jsonValue(ledger, `${packageId}::visitor::Visit`, contents)).toMatchObject({
      repository: repository.id,
      commit: Buffer.alloc(32, 9).toString('base64'),
      bytes: String(SIZE),
    })
    const asked = await ledger.run(
      (tx) => {
        const args = [tx.object(ledger.owned(visit!)), shared(tx), tx.pure.string(MAIN)]
        tx.moveCall({ target: `${packageId}::visitor::is_current`, arguments: args })
      },
      { mode: 'simulate' },
    )
    expect(bcs.bool().parse(asked.commandOutputs[0]!.returnValues[0]!.bcs)).toBe(true)
  })

  it('aborts with its own code, at its own place', async () => {
    const missing = await network.ledger.run((tx) => {
      const target = `${packageId}::visitor::visit`
      const args = [shared(tx), tx.pure.string('refs/heads/none')]
      tx.transferObjects([tx.moveCall({ target, arguments: args })], ALICE)
    })
    expect(failureOf(missing).abort).toMatchObject({ code: 7n, location: { module: 'visitor', functionName: 'visit' } })
  })
})
