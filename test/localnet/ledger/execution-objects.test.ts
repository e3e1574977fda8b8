import { bcs } from '@mysten/sui/bcs'
import { Inputs, type Transaction } from '@mysten/sui/transactions'
import { deriveDynamicFieldID, fromBase58 } from '@mysten/sui/utils'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ExecutionResult } from '../../../src/localnet/ledger/execution.ts'
import { deriveObjectId } from '../../../src/localnet/ledger/execution-objects.ts'
import { decodeObject, encodeObject, type LedgerObject } from '../../../src/localnet/ledger/object.ts'
import { normalizeAddress } from '../../../src/localnet/movevm/types.ts'
import { vectorModules } from '../movevm/probe.ts'
import { ALICE, BOB, expectSuccess, failureOf, TestLedger, u64At } from './execution-fixture.ts'

let ledger: TestLedger
let probe: string
let published: ExecutionResult
beforeAll(async () => {
  ledger = new TestLedger()
  ;({ packageId: probe, result: published } = await ledger.publish(vectorModules('probe')))
})

type Args = Parameters<Transaction['moveCall']>[0]['arguments']
const call = (tx: Transaction, target: string, args: Args = [], types: string[] = []) =>
  tx.moveCall({ target: `${probe}::${target}`, arguments: args, typeArguments: types })

function ofType(result: ExecutionResult, suffix: string): LedgerObject {
  return result.written.find(({ data }) => data.kind === 'move' && data.type.endsWith(suffix))!
}

async function makeThing(value: bigint, owner = ALICE): Promise<LedgerObject> {
  const result = await ledger.run((tx) => {
    tx.transferObjects([call(tx, 'things::thing', [tx.pure.u64(value)])], owner)
  })
  return ofType(expectSuccess(result), '::things::Thing')
}

async function makeBox(): Promise<LedgerObject> {
  return ofType(expectSuccess(await ledger.run((tx) => void call(tx, 'things::share_box'))), '::things::Box')
}

const note = (tx: Transaction, text: string) => tx.pure.vector('u8', [...Buffer.from(text)])

/** How the effects describe an object. */
function change(result: ExecutionResult, id: string) {
  const entry = result.effects.changedObjects.find(([changed]) => changed === id)?.[1]
  return entry && `${entry.inputState.$kind} ${entry.outputState.$kind} ${entry.idOperation.$kind}`
}

function changes(result: ExecutionResult): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [id] of result.effects.changedObjects) {
    const key = change(result, id)!
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

describe('identities', () => {
  it('come from the digest and a counter: package, then what init makes, then the upgrade capability', () => {
    const digest = fromBase58(published.effects.transactionDigest)
    const ids = [0, 1, 2].map((n) => deriveObjectId(digest, n))
    expect(ids[0]).toBe(probe)
    expect(ofType(published, '::things::Registered').id).toBe(ids[1])
    expect(ofType(published, '::package::UpgradeCap').id).toBe(ids[2])
    // The only field after the id: the type was found to be a one-time witness.
    const { data } = ofType(published, '::things::Registered')
    expect(data.kind === 'move' && data.contents[32]).toBe(1)
  })

  it('of dynamic fields are those the SDK derives', async () => {
    const box = await makeBox()
    await ledger.run(
      (tx) => void call(tx, 'things::note', [tx.object(ledger.shared(box, true)), tx.pure.u64(9), note(tx, 'hi')]),
    )
    const live = ledger.getObject(box.id)!
    const contents = live.data.kind === 'move' ? live.data.contents : new Uint8Array()
    // Box { id, inside: none, notes: Table { id, size } }
    const table = `0x${Buffer.from(contents.subarray(33, 65)).toString('hex')}`
    const id = deriveDynamicFieldID(table, 'u64', bcs.u64().serialize(9).toBytes())
    const row = ledger.getObject(id)!
    expect(row.owner).toEqual({ kind: 'object', parent: table })
    expect(row.data.kind === 'move' && Buffer.from(row.data.contents.subarray(40)).toString()).toBe('\x02hi')
    expect(row.data.kind === 'move' && row.data.hasPublicTransfer).toBe(false)
  })

  it('are limited in number', async () => {
    expectSuccess(await ledger.run((tx) => void call(tx, 'things::many', [tx.pure.u64(2000)])))
    const result = await ledger.run((tx) => void call(tx, 'things::many', [tx.pure.u64(2049)]))
    expect(failureOf(result).kind).toBe('MovePrimitiveRuntimeError')
  })
})

describe('ownership', () => {
  it('shared objects know their first version, are bumped when mutable, and not when read', async () => {
    const box = await makeBox()
    expect(box.owner).toEqual({ kind: 'shared', initialVersion: box.version })
    const written = expectSuccess(
      await ledger.run(
        (tx) => void call(tx, 'things::note', [tx.object(ledger.shared(box, true)), tx.pure.u64(1), note(tx, 'a')]),
      ),
    )
    const after = ledger.getObject(box.id)!
    expect(after.owner).toEqual(box.owner)
    expect(after.version).toBe(BigInt(written.effects.lamportVersion))
    const read = expectSuccess(
      await ledger.run(
        (tx) => void call(tx, 'things::read_note', [tx.object(ledger.shared(box, false)), tx.pure.u64(1)]),
        {
          mode: 'simulate',
        },
      ),
    )
    expect(read.commandOutputs[0]!.returnValues[0]!.bcs).toEqual(Uint8Array.of(1, 97))
    expect(read.effects.unchangedConsensusObjects).toMatchObject([
      [box.id, { ReadOnlyRoot: [String(after.version), after.digest] }],
    ])
    // Fields that were only read are not written either.
    expect(read.effects.changedObjects).toHaveLength(1)
  })

  it('a read-only shared object cannot be changed or taken', async () => {
    const box = await makeBox()
    const result = await ledger.run((tx) => void call(tx, 'things::discard', [tx.object(ledger.shared(box, false))]))
    expect(failureOf(result).status.CommandArgumentError).toMatchObject({ kind: { InvalidObjectByMutRef: true } })
    const taken = await ledger.run((tx) => void call(tx, 'things::burn', [tx.object(ledger.shared(box, false))]))
    expect(failureOf(taken).status.CommandArgumentError).toMatchObject({ kind: { InvalidObjectByValue: true } })
  })

  it('a shared object taken by value is shared again or deleted, nothing else', async () => {
    const box = await makeBox()
    const again = expectSuccess(
      await ledger.run((tx) => void call(tx, 'things::share_again', [tx.object(ledger.shared(box, true))])),
    )
    expect(ledger.getObject(box.id)!.owner).toEqual(box.owner)
    expect(change(again, box.id)).toBe('Exist ObjectWrite None')
    const frozen = await ledger.run((tx) => void call(tx, 'things::freeze_box', [tx.object(ledger.shared(box, true))]))
    expect(failureOf(frozen).kind).toBe('SharedObjectOperationNotAllowed')
    const burnt = expectSuccess(
      await ledger.run((tx) => void call(tx, 'things::burn', [tx.object(ledger.shared(box, true))])),
    )
    expect(burnt.deleted).toContain(box.id)
    // The table inside had an identity of its own, which ended too.
    expect(changes(burnt)).toEqual({
      'Exist NotExist Deleted': 1,
      'NotExist NotExist Deleted': 1,
      'Exist ObjectWrite None': 1,
    })
    expect(ledger.getObject(box.id)).toBeUndefined()
  })

  it('only what was made in the transaction can become shared', async () => {
    const thing = await makeThing(1n)
    const result = await ledger.run((tx) => void call(tx, 'things::share_old', [tx.object(ledger.owned(thing))]))
    expect(failureOf(result).abort).toMatchObject({ code: 0n, location: { functionName: 'share_object_impl' } })
    const fresh = await ledger.run((tx) => {
      call(tx, 'things::share_old', [call(tx, 'things::thing', [tx.pure.u64(1)])])
    })
    expectSuccess(fresh)
  })

  it('objects without store are transferred by their module only', async () => {
    const result = await ledger.run((tx) => tx.transferObjects([call(tx, 'things::private')], BOB))
    expect(failureOf(result).status.CommandArgumentError).toMatchObject({ kind: { InvalidTransferObject: true } })
    const kept = await ledger.run((tx) => void call(tx, 'things::keep_private', [call(tx, 'things::private')]))
    const object = ofType(expectSuccess(kept), '::things::Private')
    expect(object).toMatchObject({ owner: { kind: 'address', address: ALICE }, data: { hasPublicTransfer: false } })
  })

  it('an immutable object can be read, not changed', async () => {
    const thing = await makeThing(6n)
    expectSuccess(
      await ledger.run((tx) => {
        tx.moveCall({
          target: '0x2::transfer::public_freeze_object',
          arguments: [tx.object(ledger.owned(thing))],
          typeArguments: [`${probe}::things::Thing`],
        })
      }),
    )
    const frozen = ledger.getObject(thing.id)!
    expect(frozen.owner).toEqual({ kind: 'immutable' })
    const read = expectSuccess(
      await ledger.run((tx) => void call(tx, 'things::value', [tx.object(ledger.owned(thing))])),
    )
    expect(ledger.getObject(thing.id)).toBe(frozen)
    expect(change(read, thing.id)).toBeUndefined()
    const write = await ledger.run(
      (tx) => void call(tx, 'things::set', [tx.object(ledger.owned(thing)), tx.pure.u64(1)]),
    )
    expect(failureOf(write).status.CommandArgumentError).toMatchObject({ kind: { InvalidObjectByMutRef: true } })
  })

  it('a private generic cannot be reached around its module', async () => {
    const thing = await makeThing(6n)
    const result = await ledger.run((tx) => {
      tx.moveCall({
        target: '0x2::transfer::transfer',
        arguments: [tx.object(ledger.owned(thing)), tx.pure.address(BOB)],
        typeArguments: [`${probe}::things::Thing`],
      })
    })
    expect(failureOf(result).kind).toBe('NonEntryFunctionInvoked')
  })
})

describe('wrapping', () => {
  it('ends an object, unwrapping brings it back under the same id', async () => {
    const box = await makeBox()
    const thing = await makeThing(8n)
    const wrapped = expectSuccess(
      await ledger.run(
        (tx) => void call(tx, 'things::put', [tx.object(ledger.shared(box, true)), tx.object(ledger.owned(thing))]),
      ),
    )
    expect(change(wrapped, thing.id)).toBe('Exist NotExist None')
    expect(wrapped.deleted).toEqual([thing.id])
    const unwrapped = expectSuccess(
      await ledger.run((tx) => {
        tx.transferObjects([call(tx, 'things::take', [tx.object(ledger.shared(box, true))])], BOB)
      }),
    )
    expect(change(unwrapped, thing.id)).toBe('NotExist ObjectWrite None')
    expect(u64At(ledger.getObject(thing.id)!, 32)).toBe(8n)
  })

  it('and deleting inside is shown as such', async () => {
    const box = await makeBox()
    const thing = await makeThing(8n)
    await ledger.run(
      (tx) => void call(tx, 'things::put', [tx.object(ledger.shared(box, true)), tx.object(ledger.owned(thing))]),
    )
    const discarded = expectSuccess(
      await ledger.run((tx) => void call(tx, 'things::discard', [tx.object(ledger.shared(box, true))])),
    )
    expect(change(discarded, thing.id)).toBe('NotExist NotExist Deleted')
  })
})

describe('dynamic fields', () => {
  const on = (box: LedgerObject, target: string, at: number, text?: string) => (tx: Transaction) => {
    const args = [tx.object(ledger.shared(box, true)), tx.pure.u64(at)]
    call(tx, `things::${target}`, text === undefined ? args : [...args, note(tx, text)])
  }

  it('are created, changed, removed, and a removed and added one is a change', async () => {
    const box = await makeBox()
    const added = expectSuccess(await ledger.run(on(box, 'note', 1, 'one')))
    const row = ofType(added, '::dynamic_field::Field<u64,vector<u8>>')
    expect(change(added, row.id)).toBe('NotExist ObjectWrite Created')
    const edited = expectSuccess(await ledger.run(on(box, 'edit', 1, 'two')))
    expect(change(edited, row.id)).toBe('Exist ObjectWrite None')
    // The same text again: the row is untouched, though its box is written.
    const same = expectSuccess(await ledger.run(on(box, 'edit', 1, 'two')))
    expect(change(same, row.id)).toBeUndefined()
    const rewritten = expectSuccess(await ledger.run(on(box, 'rewrite', 1)))
    expect(change(rewritten, row.id)).not.toBe('Exist ObjectWrite Created')
    const erased = expectSuccess(await ledger.run(on(box, 'erase', 1)))
    expect(change(erased, row.id)).toBe('Exist NotExist Deleted')
    expect(ledger.getObject(row.id)).toBeUndefined()
    const again = expectSuccess(await ledger.run(on(box, 'note', 1, 'three')))
    expect(change(again, row.id)).toBe('NotExist ObjectWrite Created')
  })

  it('abort as on chain: present 0, absent 1, of another type 2', async () => {
    const box = await makeBox()
    expectSuccess(await ledger.run(on(box, 'note', 1, 'x')))
    expect(failureOf(await ledger.run(on(box, 'note', 1, 'y'))).abort).toMatchObject({
      code: 0n,
      location: { module: 'dynamic_field', packageId: normalizeAddress('0x2') },
    })
    expect(failureOf(await ledger.run(on(box, 'edit', 2, 'y'))).abort).toMatchObject({
      code: 1n,
      location: { functionName: 'borrow_child_object_mut', instruction: 0 },
    })
    const thing = await makeThing(1n)
    const result = await ledger.run((tx) => {
      const input = tx.object(ledger.owned(thing))
      call(tx, 'things::write', [input, tx.pure.u8(1), tx.pure.u64(5)], ['u64'])
      call(tx, 'things::read_as', [input, tx.pure.u8(1)], ['bool'])
    })
    expect(failureOf(result).abort).toMatchObject({ code: 2n })
  })

  it('of objects keep the object readable by its id, owned by the field', async () => {
    const parent = await makeThing(1n)
    const child = await makeThing(10n)
    const name = [5]
    const attached = expectSuccess(
      await ledger.run((tx) => {
        const input = tx.object(ledger.owned(parent))
        call(tx, 'things::attach', [input, tx.pure.vector('u8', name), tx.object(ledger.owned(child))])
        call(tx, 'things::raise', [input, tx.pure.vector('u8', name)])
      }),
    )
    const field = ofType(attached, '::object::ID>')
    expect(ledger.getObject(child.id)).toMatchObject({ owner: { kind: 'object', parent: field.id } })
    expect(field.owner).toEqual({ kind: 'object', parent: parent.id })
    const wrapper = `0x2::dynamic_object_field::Wrapper<vector<u8>>`
    expect(field.id).toBe(deriveDynamicFieldID(parent.id, wrapper, bcs.vector(bcs.u8()).serialize(name).toBytes()))
    expect(u64At(ledger.getObject(child.id)!, 32)).toBe(11n)
    const detached = expectSuccess(
      await ledger.run((tx) => {
        const input = tx.object(ledger.owned(parent))
        tx.transferObjects([call(tx, 'things::detach', [input, tx.pure.vector('u8', name)])], BOB)
      }),
    )
    expect(change(detached, field.id)).toBe('Exist NotExist Deleted')
    expect(change(detached, child.id)).toBe('Exist ObjectWrite None')
    expect(ledger.getObject(child.id)!.owner).toEqual({ kind: 'address', address: BOB })
  })

  it('cannot hold an object that was given away before', async () => {
    const a = await makeThing(1n)
    const b = await makeThing(2n)
    const result = await ledger.run((tx) => {
      const [first, second] = [tx.object(ledger.owned(a)), tx.object(ledger.owned(b))]
      call(tx, 'things::attach', [first, tx.pure.vector('u8', [1]), second])
      call(tx, 'things::attach', [second, tx.pure.vector('u8', [1]), first])
    })
    expect(failureOf(result).status.CommandArgumentError).toMatchObject({ kind: { InvalidValueUsage: true } })
  })
})

describe('receiving', () => {
  it('takes an object that was sent to another object', async () => {
    const parent = await makeThing(1n)
    const sent = await makeThing(5n, parent.id)
    const build = (version: bigint) => (tx: Transaction) => {
      const ticket = tx.object(Inputs.ReceivingRef({ ...ledger.ref(sent), version: String(version) }))
      const got = call(tx, 'things::accept', [tx.object(ledger.owned(parent)), ticket])
      tx.transferObjects([got], BOB)
    }
    const result = expectSuccess(await ledger.run(build(sent.version)))
    expect(change(result, sent.id)).toBe('Exist ObjectWrite None')
    expect(ledger.getObject(sent.id)!.owner).toEqual({ kind: 'address', address: BOB })
    expect(result.effects.dependencies).toContain(sent.previousTransaction)
  })

  it('refuses what was sent elsewhere', async () => {
    const parent = await makeThing(1n)
    const elsewhere = await makeThing(5n, BOB)
    const result = await ledger.run((tx) => {
      const ticket = tx.object(Inputs.ReceivingRef(ledger.ref(elsewhere)))
      tx.transferObjects([call(tx, 'things::accept', [tx.object(ledger.owned(parent)), ticket])], ALICE)
    })
    expect(failureOf(result).abort).toMatchObject({ code: 3n, location: { functionName: 'receive_impl' } })
  })
})

describe('events', () => {
  it('name the module that was called and the sender', async () => {
    const result = expectSuccess(await ledger.run((tx) => void call(tx, 'things::shout', [tx.pure.u64(3)])))
    expect(result.events).toHaveLength(3)
    expect(result.events[2]).toMatchObject({
      packageId: probe,
      module: 'things',
      sender: ALICE,
      type: `${probe}::things::Born`,
    })
    expect(result.eventsDigest).toBe(result.effects.eventsDigest)
  })

  it('are limited in number', async () => {
    const result = await ledger.run((tx) => void call(tx, 'things::shout', [tx.pure.u64(1025)]))
    expect(failureOf(result).kind).toBe('MovePrimitiveRuntimeError')
  })
})

describe('effects', () => {
  it('are BCS of the SDK, sorted, with versions, dependencies and digests that follow from the objects', async () => {
    const thing = await makeThing(3n)
    const result = expectSuccess(
      await ledger.run((tx) => void call(tx, 'things::set', [tx.object(ledger.owned(thing)), tx.pure.u64(4)])),
    )
    const { effects } = result
    expect(bcs.TransactionEffects.parse(result.effectsBytes).V2).toEqual(effects)
    const ids = effects.changedObjects.map(([id]) => id)
    expect(ids).toEqual([...ids].sort())
    expect(BigInt(effects.lamportVersion)).toBe(thing.version + 1n)
    expect(effects.dependencies).toContain(thing.previousTransaction)
    // The package that was called is an input too.
    expect(effects.dependencies).toContain(ledger.getObject(probe)!.previousTransaction)
    const after = ledger.getObject(thing.id)!
    expect(effects.changedObjects.find(([id]) => id === thing.id)![1]).toMatchObject({
      inputState: { Exist: [[String(thing.version), thing.digest], { AddressOwner: ALICE }] },
      outputState: { ObjectWrite: [after.digest, { AddressOwner: ALICE }] },
    })
    expect(after.previousTransaction).toBe(effects.transactionDigest)
  })

  it('of a publication hold the package at version 1', () => {
    const entry = published.effects.changedObjects.find(([id]) => id === probe)![1]
    expect(entry).toMatchObject({
      inputState: { NotExist: true },
      outputState: { PackageWrite: ['1', ledger.getObject(probe)!.digest] },
      idOperation: { Created: true },
    })
    const stored = ledger.getObject(probe)!
    expect(decodeObject(encodeObject(stored))).toEqual(stored)
  })

  it('are the same for the same input', async () => {
    const thing = await makeThing(3n)
    const data = await ledger.build(
      (tx) => void call(tx, 'things::set', [tx.object(ledger.owned(thing)), tx.pure.u64(4)]),
    )
    const first = ledger.execute(data, 'simulate')
    expect(ledger.execute(data, 'simulate').effectsDigest).toBe(first.effectsDigest)
    expect(ledger.execute(data, 'commit').effectsDigest).toBe(first.effectsDigest)
  })
})
