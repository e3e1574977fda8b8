import { bcs } from '@mysten/sui/bcs'
import { deriveDynamicFieldID } from '@mysten/sui/utils'
import { beforeAll, describe, expect, it } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import { expectSuccess, failureOf } from './execution-fixture.ts'
import { certificate, certify, createNetwork, type Network, NODES, QUORUM, register, WALRUS } from './walrus-fixture.ts'

describe('the walrus package on the machine', () => {
  let network: Network
  beforeAll(async () => {
    network = await createNetwork()
  })

  it('builds a network of 13 nodes whose state lies where the SDK derives it', () => {
    const { ledger, system, created } = network
    expect(created.events.at(-1)!.type).toContain('::events::EpochChangeDone')
    const id = deriveDynamicFieldID(system.id, 'u64', bcs.u64().serialize(3n).toBytes())
    expect(ledger.getObject(id)?.owner).toEqual({ kind: 'object', parent: system.id })
    expect(ledger.ofType(`${WALRUS}::storage_node::StorageNodeCap`)).toHaveLength(NODES)
  })

  it('certifies a blob with a quorum of real signatures', async () => {
    const { blob, blobId } = await register(network, 7)
    const result = await certify(network, blob, certificate(network, blobId, blob, QUORUM))
    expectSuccess(result)
    expect(result.events.map((event) => event.type)).toEqual([`${WALRUS}::events::BlobCertified`])
    // The system was only read: it is named in the effects, not changed.
    expect(result.effects.unchangedConsensusObjects.map(([id]) => id)).toEqual([network.system.id])
    expect(result.written.some((object) => object.id === network.system.id)).toBe(false)
  })

  it('refuses too few signers and a signature over another message', async () => {
    const { blob, blobId } = await register(network, 8)
    const few = await certify(network, blob, certificate(network, blobId, blob, QUORUM.slice(0, 8)))
    expect(failureOf(few).abort).toMatchObject({ code: 2n, location: { module: 'bls_aggregate', packageId: WALRUS } })
    const good = certificate(network, blobId, blob, QUORUM)
    good.message[7]! ^= 1
    expect(failureOf(await certify(network, blob, good)).abort).toMatchObject({
      code: 1n,
      location: { functionName: 'verify_certificate' },
    })
    expect(failureOf(few).message).toMatch(
      /^MoveAbort\(0xf10e0+2::bls_aggregate::verify_certificate, 2\) in command 0$/,
    )
  })

  it('charges and rewrites the shared system when space is bought', async () => {
    const { result } = await register(network, 9)
    const system = result.written.find((object) => object.id === network.system.id)!
    expect(system.version).toBe(BigInt(result.effects.lamportVersion))
    expect(system.owner).toEqual(network.system.owner)
    const wal = result.balanceChanges.find((change) => change.coinType.endsWith('::wal::WAL'))!
    // 1 GiB for 5 epochs at 100,000 per MiB and epoch, and 20,000 per MiB of encoded blob for the write.
    expect(-wal.amount).toBeGreaterThan(1024n * 5n * 100_000n)
    expect(result.gasUsed.computationCost).toBe(1_000_000n)
    expect(fromHex(system.id.slice(2))).toHaveLength(32)
  })
})
