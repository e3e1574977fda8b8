/** Random transactions of five users over the floe and walrus packages, each predicted by `FloeModel`. */

import { bcs } from '@mysten/sui/bcs'
import type { Transaction, TransactionArgument } from '@mysten/sui/transactions'
import { expect } from 'vitest'
import { createRng, type Rng } from '../../../src/base/rng.ts'
import type { ExecutionResult } from '../../../src/localnet/ledger/execution.ts'
import { type Json, jsonValue } from '../../../src/localnet/ledger/json-value.ts'
import { coinValue, type LedgerObject } from '../../../src/localnet/ledger/object.ts'
import { normalizeAddress } from '../../../src/localnet/movevm/types.ts'
import { PACKAGE_ADDRESSES } from '../../../src/move/packages.ts'
import { ConservingLedger } from './conservation.ts'
import { ALICE, CLOCK_ID, expectSuccess } from './execution-fixture.ts'
import { FloeModel, GRACE_MS, type ModelBlob, type ModelPush, type PushPlan, WRITER } from './floe-model.ts'
import {
  certificate,
  certify,
  createNetwork,
  type Network,
  QUORUM,
  register,
  WAL_COIN,
  WALRUS,
} from './walrus-fixture.ts'

const FLOE = PACKAGE_ADDRESSES.floe
const USERS = [ALICE, ...['0xb0b', '0xca401', '0xdada', '0xeee'].map(normalizeAddress)]
const REFS = ['refs/heads/main', 'refs/heads/side', 'refs/tags/v1', 'refs/tags/v2', 'refs/tags/v3', 'refs/heads/x/y']
/** Transactions between two comparisons of everything on the chain with everything in the model. */
const COMPARE_EVERY = 20

const idOf = (commit: number) => Array.from({ length: 32 }, (_, i) => (i < 4 ? (commit >> (8 * i)) & 0xff : 7))
const idText = (commit: number) => Buffer.from(idOf(commit)).toString('base64')

class World {
  readonly ledger = new ConservingLedger()
  readonly model = new FloeModel(USERS.length)
  readonly rng: Rng
  readonly blobs: ModelBlob[] = []
  readonly outcomes = { allowed: 0, refused: 0 }
  #network!: Network
  #repository!: string
  #cap!: string
  #seeds = 0
  #commits = 0

  constructor(seed: number) {
    this.rng = createRng(seed)
  }

  async start(): Promise<this> {
    const { ledger } = this
    this.#network = await createNetwork(ledger)
    await ledger.install('floe')
    for (const user of USERS) for (let i = 0; i < 2; i++) ledger.coin(user, 10n ** 15n)
    const [treasury] = ledger.ofType(WAL_COIN)
    expectSuccess(
      await ledger.run((tx) => {
        const coin = tx.object(ledger.owned(treasury!))
        for (const user of USERS) tx.transferObjects([tx.splitCoins(coin, [10n ** 15n])], user)
      }),
    )
    ledger.watch()
    const created = await ledger.run((tx) => {
      const made = this.call(tx, 'repository::create', tx.pure.string('cats'), tx.pure.u64(GRACE_MS), this.clock(tx))
      this.call(tx, 'repository::share', made[0]!)
      tx.transferObjects([made[1]!], ALICE)
    })
    expectSuccess(created)
    const find = (type: string) =>
      created.written.find(({ data }) => data.kind === 'move' && data.type === `${FLOE}::${type}`)
    this.#repository = find('repository::Repository')!.id
    this.#cap = find('repository::AdminCap')!.id
    return this
  }

  call(tx: Transaction, target: string, ...parameters: TransactionArgument[]) {
    return tx.moveCall({ target: `${FLOE}::${target}`, arguments: parameters })
  }

  clock(tx: Transaction) {
    return tx.object(this.ledger.clock())
  }

  repository(tx: Transaction) {
    return tx.object(this.ledger.shared(this.#repository, true))
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.rng.below(items.length)]
  }

  chance(oneIn: number): boolean {
    return this.rng.below(oneIn) === 0
  }

  /** Runs a transaction whose outcome is known. */
  async expectOutcome(
    what: string,
    allowed: boolean,
    sender: number,
    build: (tx: Transaction) => void,
  ): Promise<ExecutionResult> {
    return this.judge(what, allowed, await this.ledger.run(build, { sender: USERS[sender]! }))
  }

  judge(what: string, allowed: boolean, result: ExecutionResult): ExecutionResult {
    const text = result.status.success ? 'success' : result.status.error.message
    expect(`${what}: ${result.status.success}`, text).toBe(`${what}: ${allowed}`)
    this.outcomes[allowed ? 'allowed' : 'refused']++
    return result
  }

  coinOf(user: number, type: string): LedgerObject | undefined {
    return this.pick(
      this.ledger.ofType(type).filter(({ owner }) => owner.kind === 'address' && owner.address === USERS[user]),
    )
  }

  held(user: number): ModelBlob[] {
    return this.blobs.filter(({ owner }) => owner === user)
  }

  // Steps of walrus

  async registerBlob(): Promise<void> {
    const owner = this.chance(3) ? this.rng.below(USERS.length) : this.#writer()
    // Now and then the content of an earlier blob once more.
    const seed = this.chance(6) && this.#seeds > 0 ? 1 + this.rng.below(this.#seeds) : ++this.#seeds
    const epochs = 1 + this.rng.below(6)
    const { blob } = await register(this.#network, seed, { sender: USERS[owner]!, epochs })
    const { epoch } = this.model
    this.blobs.push({ seed, objectId: blob.id, owner, certifiedEpoch: undefined, endEpoch: epoch + epochs })
    this.outcomes.allowed++
  }

  async certifyBlob(): Promise<void> {
    const blob = this.pick(
      this.blobs.filter(({ owner, certifiedEpoch }) => owner >= 0 && (certifiedEpoch === undefined || this.chance(20))),
    )
    if (!blob) return this.registerBlob()
    const { epoch } = this.model
    const [few, stale] = [this.chance(8), this.chance(10)]
    const signers = few ? QUORUM.slice(0, 8) : QUORUM
    const live = this.ledger.getObject(blob.objectId)!
    const blobId = bcs
      .u256()
      .serialize(this.#contents(live)['blob_id'] as string)
      .toBytes()
    const parts = certificate(this.#network, blobId, live, signers, stale ? epoch - 1 : epoch)
    const allowed = !few && !stale && blob.certifiedEpoch === undefined && epoch < blob.endEpoch
    this.judge('certify', allowed, await certify(this.#network, live, parts, USERS[blob.owner]!))
    if (allowed) blob.certifiedEpoch = epoch
  }

  async burnOrGive(): Promise<void> {
    const sender = this.rng.below(USERS.length)
    const blob = this.pick(this.held(sender))
    if (!blob) return this.registerBlob()
    const to = this.chance(3) ? undefined : this.rng.below(USERS.length)
    await this.expectOutcome('burn or give', true, sender, (tx) => {
      const object = tx.object(this.ledger.owned(blob.objectId))
      if (to === undefined) tx.moveCall({ target: `${WALRUS}::blob::burn`, arguments: [object] })
      else tx.transferObjects([object], USERS[to]!)
    })
    blob.owner = to ?? -1
  }

  async nextEpoch(): Promise<void> {
    const { ledger } = this
    const [cap] = ledger.ofType(`${WALRUS}::genesis::AdminCap`)
    const { system, staking } = this.#network
    await this.expectOutcome('next epoch', true, 0, (tx) => {
      const shared = [system, staking].map((object) => tx.object(ledger.shared(object, true)))
      tx.moveCall({
        target: `${WALRUS}::genesis::advance_epoch`,
        arguments: [tx.object(ledger.owned(cap!)), ...shared, this.clock(tx)],
      })
    })
    this.model.epoch++
  }

  // Steps of floe

  #writer(): number {
    return this.pick(this.model.roles.flatMap((roles, user) => ((roles & WRITER) === WRITER ? [user] : []))) ?? 0
  }

  /** The start of a push: mostly one that should work. */
  #planPush(): PushPlan {
    const { model } = this
    const sender = this.chance(8) ? this.rng.below(USERS.length) : this.#writer()
    const ref = this.pick(REFS)!
    const mine = this.held(sender).filter(({ certifiedEpoch }) => certifiedEpoch !== undefined || this.chance(8))
    const chosen = new Set(
      Array.from({ length: this.rng.below(3) }, () => this.pick(mine)).filter((b) => b !== undefined),
    )
    return {
      sender,
      ref,
      expected: this.chance(10) ? 1 + this.rng.below(this.#commits + 1) : model.commitOf(ref),
      generation: this.chance(15) ? model.generation - 1 : model.generation,
      deposits: [...chosen].map((blob) => ({ blob, isMeta: !this.chance(5) })),
    }
  }

  #begin(tx: Transaction, plan: PushPlan) {
    const expected = tx.pure.option('vector<u8>', plan.expected === undefined ? null : idOf(plan.expected))
    const generation = tx.pure.u64(BigInt.asUintN(64, BigInt(plan.generation)))
    const repository = this.repository(tx)
    const push = this.call(
      tx,
      'push::begin',
      repository,
      tx.pure.string(plan.ref),
      expected,
      generation,
      tx.pure.u64(0),
    )
    for (const { blob, isMeta } of plan.deposits) {
      const object = tx.object(this.ledger.owned(blob.objectId))
      this.call(tx, 'push::deposit', push, repository, object, tx.pure.u8(isMeta ? 1 : 0), this.clock(tx))
    }
    return push
  }

  #finish(tx: Transaction, push: TransactionArgument, commit: number, pack: number, forced: boolean): void {
    const [id, tree] = [tx.pure.vector('u8', idOf(commit)), tx.pure.vector('u8', idOf(0))]
    const none = tx.pure.option('vector<u8>', null)
    const flag = tx.pure.bool(forced)
    this.call(tx, 'push::finish', push, this.repository(tx), id, tree, tx.pure.u64(pack), none, flag, this.clock(tx))
  }

  /** Number of the pack that is to hold the commit. */
  #commitPack(own: readonly number[], first: number): number {
    if (own.length > 0 && !this.chance(4)) return own[0]!
    return this.rng.below(first + own.length + 1)
  }

  async push(): Promise<void> {
    const { model } = this
    const plan = this.#planPush()
    const first = model.packs.length
    const commitPack = this.#commitPack(
      plan.deposits.map((_, i) => first + i),
      first,
    )
    const [commit, forced] = [++this.#commits, this.chance(3)]
    const allowed = model.transact(() => {
      const push = model.begin(plan)
      return push !== undefined && model.finish(push, { sender: plan.sender, commit, commitPack, forced })
    })
    await this.expectOutcome('push', allowed, plan.sender, (tx) => {
      this.#finish(tx, this.#begin(tx, plan), commit, commitPack, forced)
    })
    if (allowed) for (const { blob } of plan.deposits) blob.owner = -1
  }

  async openPush(): Promise<void> {
    const { model } = this
    const plan = this.#planPush()
    let push: ModelPush | undefined
    const allowed = model.transact(() => {
      push = model.begin(plan)
      return push !== undefined
    })
    const result = await this.expectOutcome('open', allowed, plan.sender, (tx) => {
      tx.transferObjects([this.#begin(tx, plan)], USERS[plan.sender]!)
    })
    if (!push || !allowed) return
    for (const { blob } of plan.deposits) blob.owner = -1
    push.objectId = result.written.find(({ data }) => data.kind === 'move' && data.type === `${FLOE}::push::Push`)!.id
    model.open.push(push)
  }

  async closePush(): Promise<void> {
    const { model } = this
    const push = this.pick(model.open)
    if (!push) return this.openPush()
    const sender = push.owner
    const object = (tx: Transaction) => tx.object(this.ledger.owned(push.objectId))
    let allowed: boolean
    if (this.chance(2)) {
      const [commit, forced] = [++this.#commits, this.chance(3)]
      const commitPack = this.#commitPack(push.packs, model.packs.length)
      allowed = model.finish(push, { sender, commit, commitPack, forced })
      await this.expectOutcome('finish', allowed, sender, (tx) =>
        this.#finish(tx, object(tx), commit, commitPack, forced),
      )
    } else {
      allowed = model.giveUp(push, sender)
      await this.expectOutcome('give up', allowed, sender, (tx) => {
        const [kept, repository] = [object(tx), this.repository(tx)]
        const taken = push.packs.map((pack) => this.call(tx, 'push::take_back', kept, repository, tx.pure.u64(pack)))
        this.call(tx, 'push::abandon', kept, repository)
        if (taken.length > 0) tx.transferObjects(taken, USERS[sender]!)
      })
      if (allowed) for (const pack of push.packs) model.packs[pack]!.blob.owner = sender
    }
    if (allowed) model.open.splice(model.open.indexOf(push), 1)
  }

  async deleteRef(): Promise<void> {
    const [sender, ref] = [this.rng.below(USERS.length), this.pick(REFS)!]
    const expected = this.chance(6) ? 0 : (this.model.commitOf(ref) ?? 0)
    const allowed = this.model.deleteRef(sender, ref, expected)
    await this.expectOutcome('delete', allowed, sender, (tx) => {
      const id = tx.pure.vector('u8', idOf(expected))
      this.call(tx, 'refs::delete', this.repository(tx), tx.pure.string(ref), id, this.clock(tx))
    })
  }

  async removal(): Promise<void> {
    const { model } = this
    const sender = this.rng.below(USERS.length)
    const pack = this.rng.below(model.packs.length + 1)
    const verb = model.packs[pack]?.state === 'proposed' ? this.pick(['cancel', 'take', 'take'] as const)! : 'propose'
    const allowed = model[verb](sender, pack)
    await this.expectOutcome(verb, allowed, sender, (tx) => {
      const [repository, number] = [this.repository(tx), tx.pure.u64(pack)]
      if (verb === 'cancel') this.call(tx, 'removal::cancel', repository, number)
      else {
        const blob = this.call(tx, `removal::${verb}`, repository, number, this.clock(tx))
        if (verb === 'take') tx.transferObjects([blob], USERS[sender]!)
      }
    })
  }

  async loan(): Promise<void> {
    const { model } = this
    const sender = this.rng.below(USERS.length)
    const pack = this.rng.below(model.packs.length + 1)
    const own = this.pick(this.held(sender))
    const theft = this.pick(['none', 'none', 'keep', 'swap', 'burn'] as const)!
    const allowed = theft === 'none' && model.lend(pack)
    await this.expectOutcome(`lend, theft: ${theft}`, allowed, sender, (tx) => {
      const lent = this.call(tx, 'packs::lend', this.repository(tx), tx.pure.u64(pack))
      const [blob, loan] = [lent[0]!, lent[1]!]
      const back = (value: TransactionArgument) => this.call(tx, 'packs::restore', this.repository(tx), value, loan)
      if (theft === 'none') back(blob)
      else if (theft === 'burn') tx.moveCall({ target: `${WALRUS}::blob::burn`, arguments: [blob] })
      else {
        if (theft === 'swap' && own) back(tx.object(this.ledger.owned(own.objectId)))
        tx.transferObjects([blob], USERS[sender]!)
      }
    })
  }

  async roles(): Promise<void> {
    const [who, roles] = [1 + this.rng.below(USERS.length - 1), 1 + this.rng.below(7)]
    const verb = this.chance(3) ? 'revoke' : 'grant'
    await this.expectOutcome(verb, true, 0, (tx) => {
      const [repository, cap] = [this.repository(tx), tx.object(this.ledger.owned(this.#cap))]
      this.call(tx, `roles::${verb}`, repository, cap, tx.pure.address(USERS[who]!), tx.pure.u8(roles))
    })
    this.model.roles[who] = verb === 'grant' ? this.model.roles[who]! | roles : this.model.roles[who]! & ~roles
  }

  async forceRule(): Promise<void> {
    const forbidden = !this.model.forbidForce
    await this.expectOutcome('force rule', true, 0, (tx) => {
      const [repository, cap] = [this.repository(tx), tx.object(this.ledger.owned(this.#cap))]
      this.call(tx, 'refs::set_forbid_force', repository, cap, tx.pure.option('string', null), tx.pure.bool(forbidden))
    })
    this.model.forbidForce = forbidden
  }

  async money(): Promise<void> {
    const [sender, to] = [this.rng.below(USERS.length), this.rng.below(USERS.length)]
    const coin = this.coinOf(sender, WAL_COIN)
    if (!coin) return this.registerBlob()
    const amount = this.chance(10) ? coinValue(coin) + 1n : BigInt(this.rng.below(1_000_000))
    const donation = this.chance(3)
    const allowed = amount <= coinValue(coin)
    await this.expectOutcome('money', allowed, sender, (tx) => {
      const [part] = tx.splitCoins(tx.object(this.ledger.owned(coin)), [amount])
      if (donation) this.call(tx, 'repository::donate', this.repository(tx), part!)
      else tx.transferObjects([part!, tx.splitCoins(tx.gas, [this.rng.below(1000)])], USERS[to]!)
    })
    if (donation && allowed) this.model.fund += amount
  }

  async withdraw(): Promise<void> {
    const amount = this.chance(3) ? this.model.fund + 1n : BigInt(this.rng.below(Number(this.model.fund) + 1))
    const allowed = amount <= this.model.fund
    await this.expectOutcome('withdraw', allowed, 0, (tx) => {
      const cap = tx.object(this.ledger.owned(this.#cap))
      const coin = this.call(tx, 'repository::withdraw', this.repository(tx), cap, tx.pure.u64(amount))
      tx.transferObjects([coin], USERS[0]!)
    })
    if (allowed) this.model.fund -= amount
  }

  async time(): Promise<void> {
    const clock = this.ledger.getObject(CLOCK_ID)!
    this.model.nowMs += this.rng.below(2 * GRACE_MS)
    if (clock.data.kind !== 'move') throw new Error('unreachable')
    const contents = clock.data.contents.slice()
    new DataView(contents.buffer).setBigUint64(32, BigInt(this.model.nowMs), true)
    this.ledger.setClock(this.ledger.move(CLOCK_ID, clock.data.type, clock.owner, contents))
    await this.loan()
  }

  // The chain against the model

  #contents(object: LedgerObject): { [name: string]: Json } {
    if (object.data.kind !== 'move') throw new Error('a package has no contents')
    return jsonValue(this.ledger, object.data.type, object.data.contents) as { [name: string]: Json }
  }

  /** Values of the dynamic fields with such values, by the text of their keys. */
  #rows(valueType: string): Map<string, { [name: string]: Json }> {
    const rows = this.ledger
      .ofType(`${normalizeAddress('0x2')}::dynamic_field::Field<`)
      .filter(({ data }) => data.kind === 'move' && data.type.endsWith(`${FLOE}::${valueType}>`))
    return new Map(
      rows.map((row) => {
        const { name, value } = this.#contents(row)
        return [String(name), value as { [name: string]: Json }]
      }),
    )
  }

  compare(): void {
    const { model } = this
    const packs = this.#rows('pack_table::PackRecord')
    const states = ['live', 'proposed', 'removed']
    expect([...packs].map(([number, row]) => `${number} ${states[Number(row['state'])]}`).sort()).toEqual(
      model.packs.map(({ state }, number) => `${number} ${state}`).sort(),
    )
    for (const [number, { blob, state }] of model.packs.entries()) {
      const object = this.ledger.getObject(blob.objectId)
      if (state !== 'removed') expect(object?.owner.kind, `blob of pack ${number}`).toBe('object')
    }
    for (const { objectId, owner } of this.blobs) {
      if (owner >= 0) expect(this.ledger.getObject(objectId)?.owner).toEqual({ kind: 'address', address: USERS[owner] })
    }
    this.#compareRefs(packs)
    const repository = this.#contents(this.ledger.getObject(this.#repository)!)
    expect(repository['fund']).toBe(String(model.fund))
    expect((repository['packs'] as { generation: Json }).generation).toBe(String(model.generation))
  }

  #compareRefs(packs: ReadonlyMap<string, { [name: string]: Json }>): void {
    const refs = this.#rows('ref_table::Ref')
    const at = (commit: number | undefined) => (commit === undefined ? null : idText(commit))
    expect(Object.fromEntries([...refs].map(([name, row]) => [name, row['commit']]))).toEqual(
      Object.fromEntries([...this.model.refs].map(([name, { commit }]) => [name, at(commit)])),
    )
    // No ref without a certified pack, unless the rules let it be removed.
    for (const [name, row] of refs) {
      if (row['commit'] === null) continue
      const pack = packs.get(String(row['commit_pack']))!
      if (Number(pack['state']) === 2) continue
      const blob = this.#contents(this.ledger.getObject(pack['object_id'] as string)!)
      expect(blob['certified_epoch'], name).not.toBeNull()
      expect(blob['blob_id'], name).toBe(pack['blob_id'])
    }
    expect(this.#rows('push_log::PushRecord').size).toBe(this.model.pushes)
  }
}

/** What may happen, and how often. */
const STEPS = [
  [12, 'registerBlob'],
  [18, 'certifyBlob'],
  [4, 'burnOrGive'],
  [22, 'push'],
  [5, 'openPush'],
  [6, 'closePush'],
  [3, 'deleteRef'],
  [10, 'removal'],
  [6, 'loan'],
  [6, 'roles'],
  [1, 'forceRule'],
  [5, 'money'],
  [2, 'withdraw'],
  [4, 'time'],
] as const

/** Runs transactions until there are `count`, each with the outcome that the model predicts.
 *  @returns how many were allowed and refused */
export async function runFloeRounds(seed: number, count: number) {
  const world = await new World(seed).start()
  const weights = STEPS.reduce((sum, [weight]) => sum + weight, 0)
  for (let next = COMPARE_EVERY; world.ledger.transactions < count; ) {
    // Few epochs, so that many blobs outlive them.
    if (world.rng.below(count) < 4) await world.nextEpoch()
    let dice = world.rng.below(weights)
    const [, step] = STEPS.find(([weight]) => (dice -= weight) < 0)!
    await world[step]()
    if (world.ledger.transactions < next) continue
    world.compare()
    next += COMPARE_EVERY
  }
  world.compare()
  return { ...world.outcomes, refs: world.model.refs.size, packs: world.model.packs.length }
}
