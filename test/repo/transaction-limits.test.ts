/** Pushes and renewals of 4,000 packs, with a ledger that only looks at the transactions: each must keep the protocol's
 *  limits, and all of them together must do everything once. */

import { Inputs, Transaction } from '@mysten/sui/transactions'
import { describe, expect, it } from 'vitest'
import { FloeError } from '../../src/base/errors.ts'
import { TESTNET } from '../../src/ledger/networks.ts'
import type { RepositoryState } from '../../src/ledger/repository-state.ts'
import type { WalrusState } from '../../src/ledger/system-state.ts'
import { addFundRenewal, PACKS_PER_FUND_RENEWAL } from '../../src/ledger/transactions/fund.ts'
import { addRegistration } from '../../src/ledger/transactions/register.ts'
import { addProposeTakedown, TAKEDOWNS_PER_TRANSACTION } from '../../src/ledger/transactions/removal.ts'
import { encodedBlobBytes } from '../../src/protocol/cost.ts'
import { carryOut, type RemovablePack } from '../../src/repo/gc-remote.ts'
import { type Extension, extendPacks, inBatches } from '../../src/repo/pack-extension.ts'
import type { ReadyPack } from '../../src/repo/push-packs.ts'
import { publishPush } from '../../src/repo/push-transaction.ts'
import type { RemoteContext } from '../../src/repo/remote-context.ts'
import { createBudget } from '../../src/repo/spending.ts'

/** Protocol limits of Sui. */
const MAX = { commands: 1024, inputs: 2048, bytes: 128 * 1024, pureBytes: 16 * 1024 }
/** Objects that a transaction may load through tables. */
const MAX_CHILDREN = 1_000
/** What each call loads: records, keys and blobs. */
const CHILDREN: Record<string, number> = {
  'packs::lend': 3,
  'packs::promise': 0,
  'push::deposit': 4,
  'renewal::begin': 4,
  'push::add_segment': 1,
  'removal::propose': 1,
  // Whether it is a takedown stands in a log of its own.
  'removal::cancel': 3,
  'removal::take': 3,
  'takedown::propose': 6,
}
const id = (n: number) => `0x${n.toString(16).padStart(64, '0')}`
const FLOE = id(0xf10e)
const DIGEST = '11111111111111111111111111111111'
const PACKS = 4_000
const walrus = {
  packageId: id(0x7a),
  originalPackageId: id(0x7a),
  systemObjectId: id(0x75),
  shardCount: 1000,
  epoch: 10,
  prices: { storagePerUnit: 100n, writePerUnit: 10n },
  // As large as a committee gets: the bitmap has a bit for each.
  nodes: Array.from({ length: 150 }, () => ({})),
} as unknown as WalrusState

interface Seen {
  calls: Map<string, number>
  /** First numbers of the calls that name a pack. */
  numbers: Map<string, number[]>
}

const measured = new Set<string>()

async function sizeOf(data: object): Promise<number> {
  const payment = [{ objectId: id(2), version: '1', digest: DIGEST }]
  const gasData = { budget: '1', price: '1', owner: id(1), payment }
  const whole = { ...data, sender: id(1), gasData, expiration: { None: true } }
  return (await Transaction.from(JSON.stringify(whole)).build()).length
}

/** Builds a transaction as it would be sent, with references for the objects, and checks its size. */
async function inspect(build: (transaction: Transaction) => void | Promise<void>): Promise<Seen> {
  const transaction = new Transaction()
  await build(transaction)
  const data = transaction.getData()
  const inputs = data.inputs.map((input) =>
    input.$kind === 'UnresolvedObject'
      ? Inputs.ObjectRef({ objectId: input.UnresolvedObject.objectId, version: '1', digest: DIGEST })
      : input,
  )
  // Serialising is slow: of equal batches only one.
  const shape = data.commands.map((command) => command.MoveCall?.function ?? command.$kind).join()
  if (!measured.has(shape)) expect(await sizeOf({ ...data, inputs })).toBeLessThanOrEqual(MAX.bytes)
  measured.add(shape)
  expect(data.commands.length).toBeLessThanOrEqual(MAX.commands)
  expect(inputs.length).toBeLessThanOrEqual(MAX.inputs)
  const seen: Seen = { calls: new Map(), numbers: new Map() }
  let children = 0
  for (const input of inputs)
    if (input.$kind === 'Pure')
      expect(Buffer.from(input.Pure.bytes, 'base64').length).toBeLessThanOrEqual(MAX.pureBytes)
  for (const { MoveCall } of data.commands) {
    if (!MoveCall) continue
    const name = `${MoveCall.module}::${MoveCall.function}`
    seen.calls.set(name, (seen.calls.get(name) ?? 0) + 1)
    children += CHILDREN[name] ?? 0
    const plain = MoveCall.arguments.flatMap((argument) => {
      const input = argument.$kind === 'Input' ? inputs[argument.Input] : undefined
      return input?.$kind === 'Pure' ? [Buffer.from(input.Pure.bytes, 'base64')] : []
    })
    if (plain[0]?.length === 8)
      seen.numbers.set(name, [...(seen.numbers.get(name) ?? []), Number(plain[0].readBigUInt64LE())])
    if (name === 'packs::promise') children += Number(plain[1]!.readBigUInt64LE())
  }
  expect(children).toBeLessThanOrEqual(MAX_CHILDREN)
  return seen
}

const COINS = [{ id: id(4), version: 1n, digest: DIGEST, balance: 10n ** 18n }]

function watched() {
  const transactions: Seen[] = []
  const reader = {
    repositoryId: id(3),
    fetchState: async () => ({ log: { size: 1 } }),
    fetchPushes: async () => [{ number: 7, new: 'ab'.repeat(32), pusher: signer.address }],
  }
  const context = {
    profile: { ...TESTNET, floePackageIds: [FLOE] },
    repository: () => reader,
    signer: async () => signer,
    ledger: {
      fetchCoins: async () => COINS,
      fetchHolding: async () => ({ coins: 10n ** 18n, address: 0n }),
      async execute(build: (transaction: Transaction) => void | Promise<void>) {
        transactions.push(await inspect(build))
        const changed = [{ id: id(5), type: `${FLOE}::push::Push`, change: 'created' }]
        return { digest: DIGEST, changed, gasMist: 1n, events: [], balances: [] }
      },
    },
  } as unknown as RemoteContext
  const total = (name: string) => transactions.reduce((sum, { calls }) => sum + (calls.get(name) ?? 0), 0)
  const numbers = (name: string) => transactions.flatMap((seen) => seen.numbers.get(name) ?? [])
  return { context, transactions, total, numbers }
}
const signer = { address: id(1) } as Parameters<typeof publishPush>[0]['signer']
const budget = (max?: bigint) => createBudget(max, 'PUSH_MAX_WAL', 'the push', 'none')
const all = Array.from({ length: PACKS }, (_, i) => i)

function extension(number: number): Extension {
  return { number, endEpoch: 12, extraEpochs: 3, packBytes: 1, storageBytes: 1_048_576n, costFrost: 300n }
}

function pack(number: number): ReadyPack {
  return {
    kind: number === PACKS - 1 ? 'meta' : 'data',
    blobId: new Uint8Array(32).fill(number),
    bytes: 10,
    index: { has: () => number === PACKS - 1 } as unknown as ReadyPack['index'],
    blobObjectId: id(100_000 + number),
    certificate: { signers: all.slice(0, 101), message: new Uint8Array(80), signature: new Uint8Array(96) },
    packNumber: null,
    recalled: false,
    replaces: null,
    endEpoch: 20,
    locatorOffset: number === PACKS - 1 ? 1 : 0,
    locatorBytes: number === PACKS - 1 ? 1 : 0,
  } as ReadyPack
}

/** 4,000 packs over 4,000 older ones. */
const push: Omit<Parameters<typeof publishPush>[0], 'context'> = {
  state: walrus,
  signer,
  packs: all.map(pack),
  commitPack: null,
  keptSegments: Array.from({ length: 63 }, (_, i) => ({ pack: i, offset: 1, bytes: 1 })),
  reuse: { extensions: all.map(extension), promises: all },
  budget: budget(300n * BigInt(PACKS)),
  repository: {
    id: id(3),
    state: { packageId: FLOE, generation: 1n, roles: new Map() } as unknown as RepositoryState,
    openPush: null,
  },
  obsoletePacks: Array.from({ length: 40 }, (_, i) => i),
  ref: 'heads/main',
  expectedOld: null,
  commit: 'ab'.repeat(32),
  tree: 'cd'.repeat(32),
  statement: 'ef'.repeat(32),
  forced: false,
  retainUntilMs: 1,
  onCreated: async () => undefined,
  signal: undefined,
}

describe('4,000 packs', () => {
  it('are pushed, over 4,000 older ones that are extended and promised, within the limits of every transaction', async () => {
    const { context, transactions, total, numbers } = watched()
    const published = await publishPush({ ...push, context })
    expect(published.logIndex).toBe(7)
    expect([total('push::begin'), total('push::deposit'), total('push::finish')]).toEqual([1, PACKS, 1])
    expect(numbers('packs::lend')).toEqual(all)
    expect(total('system::reserve_space_for_epochs')).toBe(PACKS)
    expect([total('system::extend_blob_with_resource'), total('packs::restore')]).toEqual([PACKS, PACKS])
    expect(numbers('packs::promise')).toEqual([0, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500])
    // The ref moves with the very last, when everything else is there.
    expect(transactions.findIndex(({ calls }) => calls.has('push::finish'))).toBe(transactions.length - 1)
  })

  it('are proposed for removal, called off, taken and taken down in pieces that fit', async () => {
    const { context, transactions, numbers } = watched()
    const state = async () => ({ packageId: FLOE }) as RepositoryState
    const chain = { ...context, repository: () => ({ ...context.repository(id(3)), fetchState: state }) }
    const packs = all.map((number) => ({ number, endEpoch: number % 2 === 0 ? 9 : 20 }) as RemovablePack)
    const place = { network: 'testnet', repository: id(3) }
    const work = { cancelled: all, proposed: packs, taken: packs }
    const digests = await carryOut(place, chain, work, walrus, { homeDir: '' })
    expect(digests).toHaveLength(transactions.length)
    for (const call of ['removal::cancel', 'removal::propose', 'removal::take']) expect(numbers(call)).toEqual(all)
    const seen = await inspect((transaction) => {
      for (const pack of all.slice(0, TAKEDOWNS_PER_TRANSACTION))
        addProposeTakedown(transaction, FLOE, { repository: id(3), pack, status: 7 })
    })
    expect(seen.calls.get('takedown::propose')).toBe(TAKEDOWNS_PER_TRANSACTION)
  })

  it('are recalled before the ref moves, if they are many', async () => {
    const { context, transactions, total } = watched()
    const recalled = all.slice(0, 400).map((number) => ({ ...pack(number), packNumber: number, recalled: true }))
    await publishPush({
      ...push,
      context,
      packs: [...recalled, pack(PACKS - 1)],
      reuse: { extensions: [], promises: [] },
    })
    expect([total('removal::cancel'), total('packs::promise'), total('push::deposit')]).toEqual([400, 400, 1])
    expect(transactions.at(-1)!.calls.has('removal::cancel')).toBe(false)
  })

  it('are renewed, with a limit that all transactions keep together', async () => {
    const { context, transactions, numbers } = watched()
    const exact = budget(300n * BigInt(PACKS))
    await extendPacks(context, { walrus, floe: FLOE, repository: id(3), extensions: all.map(extension), budget: exact })
    expect([transactions.length, numbers('packs::lend')]).toEqual([20, all])
    const short = budget(300n * BigInt(PACKS) - 1n)
    const job = { walrus, floe: FLOE, repository: id(3), extensions: all.map(extension), budget: short }
    await expect(extendPacks(context, job)).rejects.toMatchObject({ code: 'PUSH_MAX_WAL' })
    expect(transactions.length).toBe(20)
  })

  it('are not renewed beyond the limit when the plan made anew costs more', async () => {
    const { context, transactions } = watched()
    let isOvertaken = false
    const { execute } = context.ledger
    context.ledger.execute = async (...args) => {
      if (isOvertaken) return execute(...args)
      isOvertaken = true
      throw new FloeError('network', 'RENEW_OVERTAKEN', 'somebody else was faster', {})
    }
    const job = { walrus, floe: FLOE, repository: id(3), extensions: [extension(1)], budget: budget(700n) }
    const planAgain = async () => all.map(extension)
    await expect(extendPacks(context, { ...job, planAgain })).rejects.toMatchObject({ code: 'PUSH_MAX_WAL' })
    expect(transactions).toEqual([])
  })

  it('are registered and renewed from the fund in pieces that fit', async () => {
    const funds = { coinType: `${id(6)}::wal::WAL`, owner: id(1), coins: COINS, addressFrost: 0n, total: 10n ** 18n }
    const one = { blobId: new Uint8Array(32), rootHash: new Uint8Array(32), blobBytes: 1 }
    const registered = await inspect((transaction) =>
      addRegistration(transaction, {
        state: walrus,
        packs: Array.from({ length: 200 }, () => one),
        epochs: 53,
        funds,
        limitFrost: 1n,
        owner: id(1),
        network: { name: 'testnet', faucet: true },
      }),
    )
    expect(registered.calls.get('system::register_blob')).toBe(200)
    // Nothing takes more commands than space of one's own that ends too soon.
    const bytes = 200 * encodedBlobBytes(walrus.shardCount, 1)
    const piece = (n: number) => ({ objectId: id(1000 + n), bytes, startEpoch: 1, endEpoch: walrus.epoch + 1 })
    const reused = await inspect((transaction) =>
      addRegistration(transaction, {
        state: walrus,
        packs: Array.from({ length: 200 }, () => one),
        epochs: 53,
        owned: Array.from({ length: 90 }, (_, n) => piece(n)),
        funds,
        limitFrost: 1n,
        owner: id(1),
        network: { name: 'testnet', faucet: true },
      }),
    )
    expect(reused.calls.get('storage_resource::fuse_periods')).toBe(200)
    expect(reused.calls.get('storage_resource::fuse_amount')).toBe(63)
    const batches = inBatches(all, PACKS_PER_FUND_RENEWAL)
    expect(batches.flat()).toEqual(all)
    const packs = batches[0]!.map((number) => ({
      number,
      endEpoch: 12,
      extraEpochs: 2,
      storageBytes: 1_048_576n,
      limitFrost: 100n,
    }))
    const seen = await inspect((transaction) =>
      addFundRenewal(transaction, { state: walrus, floe: FLOE, repository: id(3), packs }),
    )
    expect(seen.numbers.get('renewal::begin')).toEqual(batches[0])
  })
})

describe('a budget', () => {
  it('leaves the rest of the command what it costs, and no slack beyond the limit', () => {
    const open = budget()
    expect(open.limitFor(100n, 1_000n)).toBe(110n)
    const tight = budget(1_105n)
    tight.assertEnough(1_100n)
    expect(tight.limitFor(100n, 1_000n)).toBe(105n)
    // The price rose, and more was paid than was read.
    tight.paid(100n, 105n)
    expect([tight.limitFor(1_000n, 0n), tight.paidFrost]).toEqual([1_000n, 105n])
    tight.assertEnough(1_000n)
    expect(() => tight.assertEnough(1_001n)).toThrow(/more than --max-wal/)
    // A ledger that claims that less was paid cannot make the command spend more.
    tight.paid(1_000n, 1n)
    expect(() => tight.assertEnough(1n)).toThrow(/more than --max-wal/)
    expect(tight.paidFrost).toBe(106n)
  })
})
