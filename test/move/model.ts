/** Random transactions of five users against one repository, and a plain model of the rules beside it: what the model
 *  allows must succeed, all else must fail, and the state must be the same in the end. */

import { expect } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import type { LedgerObject } from '../../src/localnet/ledger/object.ts'
import { normalizeAddress } from '../../src/localnet/movevm/types.ts'
import { ALICE, BOB } from '../localnet/ledger/execution-fixture.ts'
import { Chain, ID, WAL_COIN } from './chain.ts'

type Tx = Parameters<Chain['repo']>[0]

const USERS = [ALICE, BOB, ...['0xca401', '0xda7e', '0xe7e'].map(normalizeAddress)]
const REFS = ['refs/heads/main', 'refs/heads/side', 'refs/tags/v1', 'refs/tags/v2']
const [WRITER, REVOKER, ALL] = [1, 4, 7]
const GRACE_MS = 1_000
const BLOBS = 12

interface Pack {
  pusher: string
  retainMs: number
  state: 'live' | 'proposed' | 'removed'
  removableMs: number
}

/** The rules in short. */
class Model {
  readonly roles = new Map<string, number>([[ALICE, ALL]])
  readonly refs = new Map<string, number>([['refs/heads/main', 1]])
  readonly packs: Pack[] = [{ pusher: ALICE, retainMs: 0, state: 'live', removableMs: 0 }]
  generation = 0
  pushes = 1
  fund = 0n
  nowMs = 10_000

  has(user: string, role: number): boolean {
    return ((this.roles.get(user) ?? 0) & role) === role
  }

  mayRemove(user: string, pack: Pack): boolean {
    return this.has(user, REVOKER) || (pack.pusher === user && this.has(user, WRITER))
  }
}

interface Step {
  readonly build: (tx: Tx) => void
  readonly allowed: boolean
  readonly apply: () => void
}

/** @returns how many transactions succeeded */
export async function compareWithModel(transactions: number, seed: number): Promise<number> {
  const chain = await new Chain().start()
  const repository = await chain.createRepository()
  chain.setTime(10_000n)
  const blobs: LedgerObject[] = []
  for (let i = 0; i < BLOBS; i++) blobs.push((await chain.certified(50)).object)
  const rng = createRng(seed)
  const model = new Model()
  const versions = new Map<string, bigint>()
  const walBefore = wal(chain)
  const repo = (tx: Tx) => chain.repo(tx, repository)
  const pick = <T>(items: readonly T[]): T => items[rng.below(items.length)]!

  const push = (user: string): Step => {
    const ref = pick(REFS)
    const actual = model.refs.get(ref)
    const old = rng.below(4) === 0 ? rng.below(5) : (actual ?? null)
    const generation = rng.below(5) === 0 ? model.generation + 1 : model.generation
    const to = 1 + rng.below(100)
    const at = rng.below(model.packs.length)
    const retainMs = model.nowMs + rng.below(3_000)
    // Alice alone has blobs to deposit; with one, its pack holds the commit.
    const blob = user === ALICE && rng.below(5) === 0 ? blobs.at(-1) : undefined
    const isTag = ref.startsWith('refs/tags/')
    return {
      build: (tx) => {
        const begun = chain.begin(tx, repo(tx), old, BigInt(generation), ref, BigInt(retainMs))
        const pack = blob ? chain.deposit(tx, begun, repo(tx), blob) : tx.pure.u64(at)
        chain.finish(tx, begun, repo(tx), to, pack)
      },
      allowed:
        model.has(user, WRITER) &&
        old === (actual ?? null) &&
        generation === model.generation &&
        (blob !== undefined || model.packs[at]!.state === 'live') &&
        !(isTag && actual !== undefined),
      apply: () => {
        model.refs.set(ref, to)
        model.pushes++
        if (blob) {
          blobs.pop()
          model.packs.push({ pusher: user, retainMs, state: 'live', removableMs: 0 })
        }
      },
    }
  }

  const promise = (user: string): Step => {
    const at = rng.below(model.packs.length)
    const untilMs = model.nowMs + rng.below(3_000)
    const pack = model.packs[at]!
    return {
      build: (tx) =>
        void chain.floeCall(tx, 'packs::promise', repo(tx), tx.pure.u64(at), tx.pure.u64(1), tx.pure.u64(untilMs)),
      allowed: model.has(user, WRITER) && pack.state === 'live',
      apply: () => {
        pack.retainMs = Math.max(pack.retainMs, untilMs)
      },
    }
  }

  const remove = (user: string): Step => {
    const at = rng.below(model.packs.length)
    const pack = model.packs[at]!
    const verb = pick(['propose', 'cancel', 'cancel', 'cancel', 'take'])
    const may = model.mayRemove(user, pack)
    const call = (tx: Tx) => {
      const clock = verb === 'cancel' ? [] : [chain.clock(tx)]
      return chain.floeCall(tx, `removal::${verb}`, repo(tx), tx.pure.u64(at), ...clock)
    }
    const apply = {
      propose: () => {
        Object.assign(pack, { state: 'proposed', removableMs: Math.max(pack.retainMs, model.nowMs + GRACE_MS) })
        model.generation++
      },
      cancel: () => Object.assign(pack, { state: 'live', removableMs: 0 }),
      take: () => Object.assign(pack, { state: 'removed' }),
    }[verb]!
    const ready = verb === 'propose' ? pack.state === 'live' : pack.state === 'proposed'
    return {
      build: (tx) => {
        const taken = call(tx)
        if (verb === 'take') tx.transferObjects([taken], user)
      },
      allowed: may && ready && (verb !== 'take' || model.nowMs >= pack.removableMs),
      apply,
    }
  }

  const changeRoles = (user: string): Step => {
    const who = pick(USERS.slice(1))
    const roles = 1 + rng.below(7)
    const verb = pick(['grant', 'grant', 'grant', 'revoke'])
    const before = model.roles.get(who) ?? 0
    return {
      build: (tx) => {
        const cap = chain.adminCap(tx, repository)
        chain.floeCall(tx, `roles::${verb}`, repo(tx), cap, tx.pure.address(who), tx.pure.u8(roles))
      },
      // The capability is Alice's: nobody else can name it.
      allowed: user === ALICE,
      apply: () => void model.roles.set(who, verb === 'grant' ? before | roles : before & ~roles),
    }
  }

  const renounce = (user: string): Step => ({
    build: (tx) => void chain.floeCall(tx, 'roles::renounce', repo(tx), tx.pure.u8(WRITER)),
    allowed: true,
    apply: () => void model.roles.set(user, (model.roles.get(user) ?? 0) & ~WRITER),
  })

  const donate = (): Step => {
    const amount = BigInt(1 + rng.below(1_000))
    return {
      build: (tx) => {
        const gift = tx.splitCoins(chain.wal(tx), [tx.pure.u64(amount)])
        chain.floeCall(tx, 'repository::donate', repo(tx), gift)
      },
      allowed: true,
      apply: () => {
        model.fund += amount
      },
    }
  }

  const nextStep = (user: string): Step => {
    const kind = rng.below(20)
    if (kind < 9) return push(user)
    if (kind < 12) return remove(user)
    if (kind < 14) return promise(user)
    // The fixture's machine does not check who owns an input: only Alice uses hers here.
    if (kind < 17 && user === ALICE) return changeRoles(user)
    if (kind === 17 && user !== ALICE) return renounce(user)
    return user === ALICE ? donate() : push(user)
  }

  let succeeded = 0
  for (let i = 0; i < transactions; i++) {
    if (rng.below(10) === 0) {
      model.nowMs += rng.below(2_000)
      chain.setTime(BigInt(model.nowMs))
    }
    const user = pick([ALICE, ...USERS])
    const step = nextStep(user)
    const result = await chain.run(step.build, { sender: user })
    const note = result.status.success ? 'success' : result.status.error.message
    expect(`${i}: ${result.status.success ? 'success' : 'failure'}`, note).toBe(
      `${i}: ${step.allowed ? 'success' : 'failure'}`,
    )
    if (step.allowed) {
      step.apply()
      succeeded++
    }
    for (const { id, version } of result.written) {
      expect(version > (versions.get(id) ?? 0n)).toBe(true)
      versions.set(id, version)
    }
  }
  await compareStates(chain, repository, model)
  expect(wal(chain) + model.fund).toBe(walBefore)
  return succeeded
}

/** All WAL in coins. */
function wal(chain: Chain): bigint {
  return chain.ledger.ofType(WAL_COIN).reduce((sum, coin) => sum + chain.coinValue(coin), 0n)
}

async function compareStates(chain: Chain, repository: LedgerObject, model: Model): Promise<void> {
  const ask = async (target: string, ...values: ((tx: Tx) => ReturnType<Tx['pure']>)[]) => {
    const { commandOutputs } = await chain.run(
      (tx) => void chain.floeCall(tx, target, chain.repo(tx, repository), ...values.map((value) => value(tx))),
      { mode: 'simulate' },
    )
    return Buffer.from(commandOutputs[0]!.returnValues[0]!.bcs)
  }
  expect((await ask('refs::push_count')).readBigUInt64LE()).toBe(BigInt(model.pushes))
  expect((await ask('packs::generation')).readBigUInt64LE()).toBe(BigInt(model.generation))
  expect((await ask('packs::count')).readBigUInt64LE()).toBe(BigInt(model.packs.length))
  expect((await ask('repository::fund_value')).readBigUInt64LE()).toBe(model.fund)
  for (const ref of REFS) {
    const commit = model.refs.get(ref)
    const expected = commit === undefined ? [0] : [1, 32, ...ID(commit)]
    expect([...(await ask('refs::commit', (tx) => tx.pure.string(ref)))]).toEqual(expected)
  }
  for (const user of USERS) {
    expect((await ask('roles::roles_of', (tx) => tx.pure.address(user)))[0]).toBe(model.roles.get(user) ?? 0)
  }
  for (const [number, pack] of model.packs.entries()) {
    // retain u64, state u8 and removable u64 end the record.
    const record = await ask('packs::record', (tx) => tx.pure.u64(number))
    expect(record.at(-9)).toBe(['live', 'proposed', 'removed'].indexOf(pack.state))
    expect(record.readBigUInt64LE(record.length - 17)).toBe(BigInt(pack.retainMs))
  }
}
