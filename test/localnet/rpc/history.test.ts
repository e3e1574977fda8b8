import { bcs } from '@mysten/sui/bcs'
import type { GrpcTypes } from '@mysten/sui/grpc'
import type { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { Transaction } from '@mysten/sui/transactions'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestLedger, type TestLedger } from '../ledger/test-ledger.ts'

let test: TestLedger
let keypair: Ed25519Keypair
let address: string
const digests: string[] = []
beforeAll(async () => {
  test = await startTestLedger()
  ;({ keypair, address } = await test.createUser())
  for (let i = 1; i <= 6; i++) digests.push(await bump(i))
})
afterAll(async () => {
  expect(test.warnings).toEqual([])
  await test[Symbol.asyncDispose]()
})

async function bump(by: number): Promise<string> {
  const tx = new Transaction()
  tx.moveCall({
    target: `${test.counterPackageId}::counter::bump`,
    arguments: [tx.object(test.counterId), tx.pure.u64(by)],
  })
  return (await test.client.signAndExecuteTransaction({ transaction: tx, signer: keypair })).Transaction!.digest
}

async function makeItem(label: string): Promise<string> {
  const tx = new Transaction()
  const item = tx.moveCall({
    target: `${test.counterPackageId}::counter::new_item`,
    arguments: [tx.pure.string(label)],
  })
  tx.transferObjects([item], address)
  return (await test.client.signAndExecuteTransaction({ transaction: tx, signer: keypair })).Transaction!.digest
}

const bumped = () => `${test.counterPackageId}::counter::Bumped`

type Predicate = GrpcTypes.TransactionLiteral['predicate']

async function digestsWhere(...terms: (Predicate | { not: Predicate })[][]): Promise<string[]> {
  const filter = {
    terms: terms.map((literals) => ({
      literals: literals.map((literal) =>
        'not' in literal ? { negated: true, predicate: literal.not } : { negated: false, predicate: literal },
      ),
    })),
  }
  const call = test.client.ledgerService.listTransactions({
    filter,
    readMask: { paths: ['digest'] },
    options: { limit: 1000 },
  })
  const found: string[] = []
  for await (const frame of call.responses) if (frame.transaction) found.push(frame.transaction.digest!)
  return found
}

describe('history', () => {
  it('lists events of a type in pages that neither lose nor repeat', async () => {
    for (const order of ['ascending', 'descending'] as const) {
      const values: string[] = []
      let cursor: string | null = null
      let pages = 0
      for (;;) {
        const page: Awaited<ReturnType<typeof test.client.listEvents>> = await test.client.listEvents({
          filter: { eventType: bumped() },
          limit: 2,
          order,
          ...(order === 'ascending' ? { after: cursor } : { before: cursor }),
        } as Parameters<typeof test.client.listEvents>[0])
        values.push(...page.events.map((event) => bcs.u64().parse(event.bcs.subarray(64))))
        pages++
        if (!page.hasNextPage) break
        cursor = page.endCursor
      }
      const expected = ['1', '3', '6', '10', '15', '21']
      expect(values).toEqual(order === 'ascending' ? expected : expected.reverse())
      expect(pages).toBe(3)
    }
  })

  it('places every event in its transaction', async () => {
    const { events } = await test.client.listEvents({ filter: { eventType: bumped() }, limit: 50 })
    expect(events.map((event) => event.transactionDigest)).toEqual(digests)
    expect(new Set(events.map((event) => event.checkpoint)).size).toBe(6)
    expect(events.every((event) => event.eventIndex === 0 && event.sender === address)).toBe(true)
  })

  it('filters events by sender and module', async () => {
    const { client } = test
    expect((await client.listEvents({ filter: { sender: address }, limit: 50 })).events).toHaveLength(6)
    expect((await client.listEvents({ filter: { sender: test.counterId }, limit: 50 })).events).toEqual([])
    const emitModule = { package: test.counterPackageId, module: 'counter' }
    const byModule = await client.listEvents({
      filter: { emitModule: `${emitModule.package}::${emitModule.module}` },
      limit: 50,
    } as Parameters<typeof client.listEvents>[0])
    expect(byModule.events.length).toBeGreaterThanOrEqual(6)
  })

  it('lists transactions by sender and by function', async () => {
    const { client } = test
    const mine = await client.listTransactions({ filter: { sender: address }, limit: 4, include: { events: true } })
    expect(mine.transactions.map((transaction) => transaction.Transaction!.digest)).toEqual(digests.slice(0, 4))
    expect(mine.hasNextPage).toBe(true)
    const rest = await client.listTransactions({ filter: { sender: address }, limit: 4, after: mine.endCursor })
    expect(rest.transactions.map((transaction) => transaction.Transaction!.digest)).toEqual(digests.slice(4))
    expect(rest.hasNextPage).toBe(false)
    const calls = (fn: string) =>
      client
        .listTransactions({ filter: { function: `${test.counterPackageId}${fn}` }, limit: 50 })
        .then((page) => page.transactions.length)
    expect(await calls('::counter::bump')).toBe(6)
    expect(await calls('::counter')).toBe(6)
    expect(await calls('::counter::nothing')).toBe(0)
  })

  it('combines, negates and indexes filters', async () => {
    const affectedObject: Predicate = { oneofKind: 'affectedObject', affectedObject: { objectId: test.counterId } }
    const eventType: Predicate = { oneofKind: 'eventType', eventType: { eventType: bumped() } }
    const [publication, ...bumps] = await digestsWhere([affectedObject])
    expect(bumps).toEqual(digests)
    expect(await digestsWhere([affectedObject, { not: eventType }])).toEqual([publication])
    expect(await digestsWhere([affectedObject, eventType])).toEqual(digests)
    expect(await digestsWhere([{ oneofKind: 'packageWrite', packageWrite: {} }])).toContain(publication)
    const everything = await digestsWhere([eventType], [{ not: eventType }])
    expect(BigInt(everything.length)).toBe(test.ledger.checkpoint)
    const touchesMe: Predicate = { oneofKind: 'affectedAddress', affectedAddress: { address } }
    expect((await digestsWhere([touchesMe])).length).toBe(7)
    await expect(digestsWhere([])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(digestsWhere([{ oneofKind: undefined }])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(digestsWhere(Array(65).fill([eventType]))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('lists checkpoints inside bounds', async () => {
    const call = test.client.ledgerService.listCheckpoints({ startCheckpoint: 2n, endCheckpoint: 5n })
    const numbers: bigint[] = []
    for await (const frame of call.responses) if (frame.checkpoint) numbers.push(frame.checkpoint.sequenceNumber!)
    expect(numbers).toEqual([2n, 3n, 4n])
  })
})

/** Collects items of a stream until there are `count`, then ends it. */
function follow<F, T>(
  open: (abort: AbortSignal) => { responses: AsyncIterable<F> },
  pick: (frame: F) => T | undefined,
  count: number,
): { started: Promise<void>; items: Promise<T[]> } {
  const controller = new AbortController()
  const call = open(controller.signal)
  let onStart = () => {}
  const started = new Promise<void>((resolve) => {
    onStart = resolve
  })
  const items = (async () => {
    const found: T[] = []
    try {
      for await (const frame of call.responses) {
        // The first frame only says where the stream begins.
        onStart()
        const item = pick(frame)
        if (item !== undefined) found.push(item)
        if (found.length === count) break
      }
    } finally {
      controller.abort()
    }
    return found
  })()
  return { started, items }
}

describe('subscriptions', () => {
  it('deliver what happens after they begin, in order and filtered', async () => {
    const { subscriptionService } = test.client
    const events = follow(
      (abort) =>
        subscriptionService.subscribeEvents(
          {
            readMask: { paths: ['event_type', 'transaction_digest'] },
            filter: {
              terms: [
                {
                  literals: [
                    { negated: false, predicate: { oneofKind: 'eventType', eventType: { eventType: bumped() } } },
                  ],
                },
              ],
            },
          },
          { abort },
        ),
      (frame) => frame.event?.transactionDigest,
      3,
    )
    const transactions = follow(
      (abort) => subscriptionService.subscribeTransactions({ readMask: { paths: ['digest'] } }, { abort }),
      (frame) => frame.transaction?.digest,
      4,
    )
    const checkpoints = follow(
      (abort) => subscriptionService.subscribeCheckpoints({}, { abort }),
      (frame) => frame.checkpoint?.sequenceNumber,
      4,
    )
    await Promise.all([events.started, transactions.started, checkpoints.started])
    const tip = test.ledger.checkpoint
    const made = [await bump(1), await makeItem('ignored'), await bump(1), await bump(1)]
    expect(await events.items).toEqual([made[0], made[2], made[3]])
    expect(await transactions.items).toEqual(made)
    expect(await checkpoints.items).toEqual([tip + 1n, tip + 2n, tip + 3n, tip + 4n])
  })

  it('refuse a bad filter with a status, not with silence', async () => {
    const call = test.client.subscriptionService.subscribeEvents({
      filter: {
        terms: [{ literals: [{ negated: false, predicate: { oneofKind: 'sender', sender: { address: 'x' } } }] }],
      },
    })
    const reading = (async () => {
      for await (const _frame of call.responses);
    })()
    await expect(reading).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('end when the ledger closes, so that closing does not hang', async () => {
    const own = await startTestLedger()
    const stream = follow(
      (abort) => own.client.subscriptionService.subscribeTransactions({}, { abort }),
      () => undefined,
      1,
    )
    await stream.started
    const ended = stream.items.then(
      () => 'ended',
      () => 'failed',
    )
    await own[Symbol.asyncDispose]()
    expect(await ended).toMatch(/^(ended|failed)$/)
  })
})
