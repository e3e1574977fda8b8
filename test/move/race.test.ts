/** Two writers push to one branch at the same time, over and over: each round the one whose transaction comes first wins,
 *  the other one keeps what it deposited and goes on with it. */

import { beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import type { LedgerObject } from '../../src/localnet/ledger/object.ts'
import { ALICE, BOB } from '../localnet/ledger/execution-fixture.ts'
import { abortOf, Chain } from './chain.ts'

const ROUNDS = 100

let chain: Chain
let repository: LedgerObject

beforeAll(async () => {
  chain = await new Chain().start()
  repository = await chain.createRepository()
  await chain.must((tx) => {
    const cap = chain.adminCap(tx, repository)
    chain.floeCall(tx, 'roles::grant', chain.repo(tx, repository), cap, tx.pure.address(BOB), tx.pure.u8(1))
  })
})

describe('two writers at one branch', () => {
  it(`have exactly one winner in each of ${ROUNDS} rounds`, async () => {
    const rng = createRng(7)
    let at = 1
    const wins = { [ALICE]: 0, [BOB]: 0 }
    for (let round = 0; round < ROUNDS; round++) {
      // Both look at the same state and build their transaction before either is executed.
      const writers = [ALICE, BOB].map((sender, i) => ({ sender, to: 2 + ((2 * round + i) % 200) }))
      const built = []
      for (const { sender, to } of writers) {
        const data = await chain.ledger.build(
          (tx) => {
            const push = chain.begin(tx, chain.repo(tx, repository), at)
            chain.finish(tx, push, chain.repo(tx, repository), to, tx.pure.u64(0))
          },
          { sender },
        )
        built.push({ sender, to, data })
      }
      const order = rng.below(2) === 0 ? built : built.reverse()
      const results = order.map(({ data }) => chain.ledger.execute(data, 'commit'))
      expect(results[0]!.status.success).toBe(true)
      expect(abortOf(results[1]!)).toBe('ref_table::0')
      wins[order[0]!.sender]!++
      at = order[0]!.to
    }
    expect(wins[ALICE]! + wins[BOB]!).toBe(ROUNDS)
    expect(Math.min(wins[ALICE]!, wins[BOB]!)).toBeGreaterThan(0)
    // The log has them all, the first push included.
    const { commandOutputs } = await chain.run(
      (tx) => void chain.floeCall(tx, 'refs::push_count', chain.repo(tx, repository)),
      { mode: 'simulate' },
    )
    expect(commandOutputs[0]!.returnValues[0]!.bcs[0]).toBe(ROUNDS + 1)
  })

  it('lose no data: the loser aims its push at the new state', async () => {
    const other = await chain.createRepository()
    const shared = (tx: Parameters<Chain['repo']>[0]) => chain.repo(tx, other)
    const blob = await chain.certified(5)
    const { written } = await chain.must((tx) => {
      const push = chain.begin(tx, shared(tx), 1)
      chain.deposit(tx, push, shared(tx), blob.object)
      tx.transferObjects([push], ALICE)
    })
    const push = written.find(({ data }) => data.kind === 'move' && data.type.endsWith('::push::Push'))!
    await chain.must((tx) => {
      chain.finish(tx, chain.begin(tx, shared(tx), 1), shared(tx), 2, tx.pure.u64(0))
    })
    const own = (tx: Parameters<Chain['repo']>[0]) => tx.object(chain.ledger.owned(push))
    expect(await chain.aborts((tx) => chain.finish(tx, own(tx), shared(tx), 3, tx.pure.u64(1)))).toBe('ref_table::0')
    await chain.must((tx) => {
      const argument = own(tx)
      const now = tx.pure.option('vector<u8>', new Array<number>(32).fill(2))
      chain.floeCall(tx, 'push::retarget', argument, shared(tx), now, tx.pure.u64(0))
      chain.finish(tx, argument, shared(tx), 3, tx.pure.u64(1))
    })
  })
})
