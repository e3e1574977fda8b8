/** What somebody who means harm tries with whole transactions, on a Walrus network with real keys. Each attempt is refused
 *  at the place that is there to refuse it; what succeeds beside it shows that the refusal is not an accident. */

import type { Transaction, TransactionArgument } from '@mysten/sui/transactions'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkTransaction } from '../../src/localnet/ledger/checks.ts'
import type { LedgerObject } from '../../src/localnet/ledger/object.ts'
import { loadPackage, relocatePackage } from '../../src/move/packages.ts'
import { ALICE, BOB, failureOf } from '../localnet/ledger/execution-fixture.ts'
import { abortOf, Chain, ID, STORAGE_PRICE, WALRUS } from './chain.ts'

const AS_BOB = { sender: BOB }

let chain: Chain
let repository: LedgerObject

const repo = (tx: Transaction) => chain.repo(tx, repository)

beforeAll(async () => {
  chain = await new Chain().start()
})

describe('a push', () => {
  beforeAll(async () => {
    repository = await chain.createRepository()
  })

  it('is not begun by somebody who is no writer', async () => {
    expect(await chain.aborts((tx) => void chain.begin(tx, repo(tx), 1), AS_BOB)).toBe('members::0')
  })

  it('is not finished by a stranger who was given it', async () => {
    const { written } = await chain.must((tx) => tx.transferObjects([chain.begin(tx, repo(tx), 1)], BOB))
    const push = written.find(({ data }) => data.kind === 'move' && data.type.endsWith('::push::Push'))!
    const theft = (tx: Transaction) => {
      const argument = tx.object(chain.ledger.owned(push))
      chain.finish(tx, argument, repo(tx), 2, tx.pure.u64(0))
    }
    expect(await chain.aborts(theft, AS_BOB)).toBe('members::0')
  })

  it('does not deposit a blob that is not certified', async () => {
    const { object } = await chain.register(5)
    const attempt = (tx: Transaction) => {
      const push = chain.begin(tx, repo(tx), 1)
      chain.finish(tx, push, repo(tx), 2, chain.deposit(tx, push, repo(tx), object))
    }
    expect(await chain.aborts(attempt)).toBe('pack_table::0')
  })

  it('does not move a ref to a pack that was proposed for removal between walk and transaction', async () => {
    const other = await chain.createRepository()
    const shared = (tx: Transaction) => chain.repo(tx, other)
    // Somebody looks at generation 0, and then the pack begins to go.
    await chain.must((tx) => {
      chain.floeCall(tx, 'removal::propose', shared(tx), tx.pure.u64(0), chain.clock(tx))
    })
    const stale = (tx: Transaction) => {
      const push = chain.begin(tx, shared(tx), 1, 0n)
      chain.finish(tx, push, shared(tx), 2, tx.pure.u64(0))
    }
    expect(await chain.aborts(stale)).toBe('push::2')
    // Saying the new generation does not help: the pack is not live.
    const knowing = (tx: Transaction) => {
      const push = chain.begin(tx, shared(tx), 1, 1n)
      chain.finish(tx, push, shared(tx), 2, tx.pure.u64(0))
    }
    expect(await chain.aborts(knowing)).toBe('pack_table::5')
  })

  it('does not move or re-create a tag', async () => {
    const tag = (old: number | null, to: number) => (tx: Transaction) => {
      const push = chain.begin(tx, repo(tx), old, 0n, 'refs/tags/v1')
      chain.finish(tx, push, repo(tx), to, tx.pure.u64(0), true)
    }
    await chain.must(tag(null, 1))
    expect(await chain.aborts(tag(null, 2))).toBe('ref_table::0')
    expect(await chain.aborts(tag(1, 2))).toBe('ref_table::1')
  })

  it('is not accepted twice', async () => {
    const data = await chain.ledger.build((tx) => {
      const push = chain.begin(tx, repo(tx), 1)
      chain.finish(tx, push, repo(tx), 7, tx.pure.u64(0))
    })
    const context = { source: chain.ledger, epoch: 3n, nowMs: 0, chainId: '', referenceGasPrice: 1000n }
    const submit = () => {
      checkTransaction(data, context, { payment: true })
      return chain.ledger.execute(data, 'commit')
    }
    expect(submit().status.success).toBe(true)
    // The coin that paid has another version now.
    expect(submit).toThrow(/needs to be rebuilt/)
    // Paid by another coin, it is another transaction, and the ref has moved.
    data.gasData.payment = [chain.ledger.ref(chain.ledger.coin(ALICE, 100_000_000_000n))]
    expect(abortOf(submit())).toBe('ref_table::0')
  })
})

describe('a lent blob', () => {
  beforeAll(async () => {
    repository = await chain.createRepository()
  })

  const lend = (tx: Transaction) => {
    const lent = chain.floeCall(tx, 'packs::lend', repo(tx), tx.pure.u64(0))
    return { blob: lent[0]!, loan: lent[1]! }
  }

  it('is not deleted, burned, shared or kept', async () => {
    const attempts: ((tx: Transaction, blob: TransactionArgument) => void)[] = [
      (tx, blob) => {
        const storage = chain.call(tx, `${WALRUS}::system::delete_blob`, chain.system(tx), blob)
        tx.transferObjects([storage], BOB)
      },
      (tx, blob) => void chain.call(tx, `${WALRUS}::blob::burn`, blob),
      (tx, blob) => void chain.call(tx, `${WALRUS}::shared_blob::new`, blob),
      (tx, blob) => tx.transferObjects([blob], BOB),
    ]
    for (const attempt of attempts) {
      const result = await chain.run((tx) => attempt(tx, lend(tx).blob), AS_BOB)
      expect(failureOf(result).message).toMatch(/unused|drop/i)
    }
  })

  it('is not exchanged for another one with the same content', async () => {
    const other = await chain.certified(20)
    const swap = (tx: Transaction) => {
      const { blob, loan } = lend(tx)
      chain.floeCall(tx, 'packs::restore', repo(tx), tx.object(chain.ledger.owned(other.object)), loan)
      tx.transferObjects([blob], ALICE)
    }
    expect(await chain.aborts(swap)).toBe('pack_table::7')
  })

  it('is extended by anyone who pays', async () => {
    await chain.must((tx) => {
      const { blob, loan } = lend(tx)
      chain.call(tx, `${WALRUS}::system::extend_blob`, chain.system(tx), blob, tx.pure.u32(1), chain.wal(tx))
      chain.floeCall(tx, 'packs::restore', repo(tx), blob, loan)
    })
  })
})

describe('an impostor package with equal layouts', () => {
  beforeAll(async () => {
    repository = await chain.createRepository()
  })

  const publish = async (name: 'floe' | 'walrus') => {
    const { modules, dependencies } = relocatePackage(loadPackage(name), { [name]: '0x0' })
    const bytes = modules.map((module) => module.bytes)
    return (await chain.ledger.publish(bytes, [...dependencies], BOB)).packageId
  }

  it('of floe does not open a repository', async () => {
    const floe = await publish('floe')
    const attempt = (tx: Transaction) => {
      chain.call(tx, `${floe}::packs::lend`, repo(tx), tx.pure.u64(0))
    }
    const { abort, kind } = failureOf(await chain.run(attempt, AS_BOB))
    expect({ abort, kind }).toEqual({ abort: undefined, kind: 'CommandArgumentError' })
  })

  it('of floe does not make an admin of its publisher', async () => {
    const floe = await publish('floe')
    const attempt = (tx: Transaction) => {
      const made = chain.call(tx, `${floe}::repository::create`, tx.pure.string('x'), tx.pure.u64(1), chain.clock(tx))
      chain.floeCall(tx, 'repository::withdraw', repo(tx), made[1]!, tx.pure.u64(0))
    }
    expect(failureOf(await chain.run(attempt, AS_BOB)).kind).toBe('CommandArgumentError')
  })

  it('of walrus does not turn prices or take blobs of the real one', async () => {
    const walrus = await publish('walrus')
    const turn = (tx: Transaction) => {
      const cap = chain.owned(tx, `${walrus}::genesis::AdminCap`)
      chain.call(tx, `${walrus}::genesis::set_prices`, cap, chain.system(tx), tx.pure.u64(0), tx.pure.u64(0))
    }
    expect(failureOf(await chain.run(turn, AS_BOB)).kind).toBe('CommandArgumentError')
    const real = await chain.register(5)
    const burn = (tx: Transaction) => {
      chain.call(tx, `${walrus}::blob::burn`, tx.object(chain.ledger.owned(real.object)))
    }
    expect(failureOf(await chain.run(burn)).kind).toBe('CommandArgumentError')
  })

  it('of walrus does not make blobs that a repository takes in or believes an epoch from', async () => {
    const walrus = await publish('walrus')
    const real = await chain.certified(5)
    // The same bytes under the type of the impostor, as its own system would certify them.
    const { data } = chain.ledger.getObject(real.object.id)!
    if (data.kind !== 'move') throw new Error('no blob')
    const contents = data.contents.slice()
    contents[0]! ^= 0xff
    const id = `0x${Buffer.from(contents.subarray(0, 32)).toString('hex')}`
    const owner = { kind: 'address', address: ALICE } as const
    const forged = chain.ledger.put(chain.ledger.move(id, `${walrus}::blob::Blob`, owner, contents, true))
    const attempts: ((tx: Transaction) => void)[] = [
      (tx) => void chain.deposit(tx, chain.begin(tx, repo(tx), 1), repo(tx), forged),
      (tx) =>
        void chain.floeCall(tx, 'packs::replace', repo(tx), tx.pure.u64(0), tx.object(chain.ledger.owned(forged))),
      (tx) => void chain.floeCall(tx, 'renewal::show_epoch', repo(tx), tx.object(chain.ledger.owned(forged))),
    ]
    for (const attempt of attempts) expect(failureOf(await chain.run(attempt)).kind).toBe('CommandArgumentError')
  })
})

describe('a certificate', () => {
  const certify = async (make: (blob: Awaited<ReturnType<Chain['register']>>) => ReturnType<Chain['sign']>) => {
    const blob = await chain.register(5)
    return chain.aborts((tx) => chain.certify(tx, blob, make(blob)))
  }

  it('from another epoch is refused', async () => {
    expect(await certify((blob) => chain.sign(chain.message(blob, chain.epoch + 1)))).toBe('messages::1')
    const blob = await chain.register(5)
    const old = chain.sign(chain.message(blob))
    await chain.nextEpoch()
    expect(await chain.aborts((tx) => chain.certify(tx, blob, old))).toBe('messages::1')
  })

  it('for another blob, or another object with the content, is refused', async () => {
    const other = await chain.register(5)
    expect(await certify(() => chain.sign(chain.message(other)))).toBe('blob::6')
    const object = other.object.id
    expect(await certify((blob) => chain.sign(chain.message(blob, chain.epoch, object)))).toBe('blob::10')
  })

  it('of too few signers is refused', async () => {
    // One node has 4 of the 10 shards, the others 2: no two of them have 7.
    expect(await certify((blob) => chain.sign(chain.message(blob), [0, 1]))).toBe('bls_aggregate::2')
    expect(await certify((blob) => ({ ...chain.sign(chain.message(blob)), bitmap: [] }))).toBe('bls_aggregate::2')
  })

  it('that counts a signer twice is refused', async () => {
    // Four signatures by two nodes; the bitmap claims all four.
    const twice = await certify((blob) => ({ ...chain.sign(chain.message(blob), [0, 1, 0, 1]), bitmap: [0b1111] }))
    expect(twice).toBe('bls_aggregate::1')
    // Bits past the end of the committee count for nobody.
    const past = await certify((blob) => ({ ...chain.sign(chain.message(blob), [0, 1]), bitmap: [0b110011] }))
    expect(past).toBe('bls_aggregate::0')
    const long = await certify((blob) => ({ ...chain.sign(chain.message(blob)), bitmap: [0b1111, 0] }))
    expect(long).toBe('bls_aggregate::0')
  })

  it('over another message is refused', async () => {
    const other = await chain.register(5)
    const forged = await certify((blob) => ({ ...chain.sign(chain.message(other)), message: chain.message(blob) }))
    expect(forged).toBe('bls_aggregate::1')
  })

  it('of all members is accepted, and of all but a small one', async () => {
    const [all, most] = [await chain.register(5), await chain.register(5)]
    await chain.must((tx) => chain.certify(tx, all))
    const quorum = [
      [0, 1, 2],
      [0, 1, 3],
      [0, 2, 3],
      [1, 2, 3],
    ].map((signers) => chain.sign(chain.message(most), signers))
    const results = []
    for (const certificate of quorum) {
      const result = await chain.run((tx) => chain.certify(tx, most, certificate))
      results.push(result.status.success ? 'certified' : abortOf(result))
    }
    // Three of the four sets have the heavy node; the one without it holds 6 of 10 shards.
    expect(results.sort()).toEqual(['blob::5', 'blob::5', 'bls_aggregate::2', 'certified'])
  })
})

describe('roles', () => {
  beforeAll(async () => {
    repository = await chain.createRepository()
  })

  it('are not assumed: attestation, derivation, status and takedown', async () => {
    const calls: ((tx: Transaction) => void)[] = [
      (tx) =>
        void chain.floeCall(
          tx,
          'attestation::attest',
          repo(tx),
          tx.pure.vector('u8', ID(1)),
          tx.pure.string('https://slsa.dev/provenance/v1'),
          tx.pure.vector('u8', ID(2)),
          tx.pure.string('nowhere'),
          chain.clock(tx),
        ),
      (tx) =>
        void chain.floeCall(
          tx,
          'derivation::record',
          repo(tx),
          tx.pure.vector('u8', ID(1)),
          tx.pure.id(repository.id),
          tx.pure.vector('u8', ID(2)),
          tx.pure.string('trained-on'),
          tx.pure.option('vector<u8>', null),
          chain.clock(tx),
        ),
      (tx) =>
        void chain.floeCall(
          tx,
          'commit_status::set',
          repo(tx),
          tx.pure.vector('u8', ID(1)),
          tx.pure.u8(4),
          tx.pure.string('because'),
          tx.pure.option('vector<u8>', null),
          tx.pure.option('vector<u8>', null),
          chain.clock(tx),
        ),
      (tx) => void chain.floeCall(tx, 'takedown::propose', repo(tx), tx.pure.u64(0), tx.pure.u64(0), chain.clock(tx)),
    ]
    for (const call of calls) expect(await chain.aborts(call, AS_BOB)).toBe('members::0')
    for (const call of calls) await chain.must(call)
  })

  it('are not given by the admin of another repository', async () => {
    const forge = (tx: Transaction) => {
      const made = chain.floeCall(tx, 'repository::create', tx.pure.string('x'), tx.pure.u64(1), chain.clock(tx))
      chain.floeCall(tx, 'roles::grant', repo(tx), made[1]!, tx.pure.address(BOB), tx.pure.u8(7))
      chain.floeCall(tx, 'repository::share', made[0]!)
      tx.transferObjects([made[1]!], BOB)
    }
    expect(await chain.aborts(forge, AS_BOB)).toBe('members::1')
  })
})

describe('a retained pack', () => {
  it('is not removed before its time, by pusher or revoker', async () => {
    chain.setTime(10_000n)
    repository = await chain.createRepository(5, 90_000n)
    const take = (tx: Transaction) => {
      tx.transferObjects([chain.floeCall(tx, 'removal::take', repo(tx), tx.pure.u64(0), chain.clock(tx))], ALICE)
    }
    expect(await chain.aborts(take)).toBe('pack_table::11')
    await chain.must((tx) => {
      chain.floeCall(tx, 'removal::propose', repo(tx), tx.pure.u64(0), chain.clock(tx))
    })
    chain.setTime(89_999n)
    expect(await chain.aborts(take)).toBe('pack_table::12')
    expect(await chain.aborts(take, AS_BOB)).toBe('removal::0')
    chain.setTime(90_000n)
    await chain.must(take)
  })

  it('is not removed at all if it is permanent', async () => {
    const permanent = await chain.certified(5, false)
    repository = await chain.createRepository()
    await chain.must((tx) => {
      const push = chain.begin(tx, repo(tx), 1)
      chain.finish(tx, push, repo(tx), 2, chain.deposit(tx, push, repo(tx), permanent.object))
    })
    const propose = (tx: Transaction) => {
      chain.floeCall(tx, 'removal::propose', repo(tx), tx.pure.u64(1), chain.clock(tx))
    }
    expect(await chain.aborts(propose)).toBe('pack_table::10')
    // And its blob, once lent, is not deleted either: Walrus itself refuses.
    const remove = (tx: Transaction) => {
      const lent = chain.floeCall(tx, 'packs::lend', repo(tx), tx.pure.u64(1))
      const storage = chain.call(tx, `${WALRUS}::system::delete_blob`, chain.system(tx), lent[0]!)
      tx.transferObjects([storage], ALICE)
    }
    expect(await chain.aborts(remove)).toBe('blob::1')
  })
})

describe('the fund', () => {
  const FUND = 1_000_000n
  /** Twice what Walrus asks for. */
  const MAX_PRICE = 2n * STORAGE_PRICE

  const fund = () => {
    const { data } = chain.ledger.getObject(repository.id)!
    if (data.kind !== 'move') throw new Error('no repository')
    // The balance is the last field.
    return new DataView(data.contents.buffer, data.contents.byteOffset).getBigUint64(data.contents.length - 8, true)
  }

  /** Begins a renewal of pack 0, does something with blob and money, and gives both back. */
  const renew = (act: (tx: Transaction, blob: TransactionArgument, money: TransactionArgument) => void) => {
    return (tx: Transaction) => {
      const lent = chain.floeCall(tx, 'renewal::begin', repo(tx), tx.pure.u64(0))
      act(tx, lent[0]!, lent[1]!)
      chain.floeCall(tx, 'renewal::finish', repo(tx), lent[0]!, lent[1]!, lent[2]!)
    }
  }

  const extend = (epochs: number) => (tx: Transaction, blob: TransactionArgument, money: TransactionArgument) => {
    chain.call(tx, `${WALRUS}::system::extend_blob`, chain.system(tx), blob, tx.pure.u32(epochs), money)
  }

  const keep = (tx: Transaction, money: TransactionArgument, amount: bigint) => {
    tx.transferObjects([tx.splitCoins(money, [tx.pure.u64(amount)])], BOB)
  }

  /** A new pack that ends in 3 epochs; due below 4, renewed up to 6, at most 7,000 FROST per epoch for all. */
  beforeEach(async () => {
    repository = await chain.createRepository(3)
    await chain.must((tx) => {
      const gift = tx.splitCoins(chain.wal(tx), [tx.pure.u64(FUND)])
      chain.floeCall(tx, 'repository::donate', repo(tx), gift)
      chain.floeCall(
        tx,
        'renewal::set_rule',
        repo(tx),
        chain.adminCap(tx, repository),
        tx.pure.u32(4),
        tx.pure.u32(6),
        tx.pure.u64(MAX_PRICE),
        tx.pure.u64(50_000n),
        tx.pure.u64(7_000n),
      )
    })
  })

  it('pays for a renewal that anyone makes, at the price of Walrus', async () => {
    await chain.must(renew(extend(3)), AS_BOB)
    expect(fund()).toBe(FUND - 3n * STORAGE_PRICE)
  })

  it('is not drained by renewing again and again', async () => {
    await chain.must(renew(extend(1)), AS_BOB)
    // One more epoch and the pack has 4: not due any more.
    expect(await chain.aborts(renew(extend(1)), AS_BOB)).toBe('renewal::2')
    // Nor by claiming that time has passed: only a real blob of a later epoch shows it.
    const blob = await chain.register(1)
    await chain.must((tx) => {
      chain.floeCall(tx, 'renewal::show_epoch', repo(tx), tx.object(chain.ledger.owned(blob.object)))
    })
    expect(await chain.aborts(renew(extend(1)), AS_BOB)).toBe('renewal::2')
    expect(fund()).toBe(FUND - STORAGE_PRICE)
  })

  it('pays again when an epoch has really passed', async () => {
    await chain.must(renew(extend(3)), AS_BOB)
    for (let i = 0; i < 3; i++) await chain.nextEpoch()
    const blob = await chain.register(1)
    await chain.must((tx) => {
      chain.floeCall(tx, 'renewal::show_epoch', repo(tx), tx.object(chain.ledger.owned(blob.object)))
    })
    await chain.must(renew(extend(3)), AS_BOB)
    expect(fund()).toBe(FUND - 6n * STORAGE_PRICE)
  })

  it('is not taken for nothing', async () => {
    expect(
      await chain.aborts(
        renew(() => {}),
        AS_BOB,
      ),
    ).toBe('renewal::6')
    const steal = (tx: Transaction) => {
      const lent = chain.floeCall(tx, 'renewal::begin', repo(tx), tx.pure.u64(0))
      tx.transferObjects([lent[0]!, lent[1]!], BOB)
    }
    expect(failureOf(await chain.run(steal, AS_BOB)).message).toMatch(/unused|drop/i)
    expect(fund()).toBe(FUND)
  })

  it('loses at most the price of the rule for the epochs gained', async () => {
    // One epoch is worth 2,000 by the rule and costs 1,000: who keeps 1,001 is refused, 1,000 is what the rule allows.
    const greedy = renew((tx, blob, money) => {
      extend(1)(tx, blob, money)
      keep(tx, money, MAX_PRICE - STORAGE_PRICE + 1n)
    })
    expect(await chain.aborts(greedy, AS_BOB)).toBe('renewal::8')
    const allowed = renew((tx, blob, money) => {
      extend(1)(tx, blob, money)
      keep(tx, money, MAX_PRICE - STORAGE_PRICE)
    })
    await chain.must(allowed, AS_BOB)
    expect(fund()).toBe(FUND - MAX_PRICE)
  })

  it('does not pay a renewal further than the rule, nor the same pack twice at once', async () => {
    expect(await chain.aborts(renew(extend(4)), AS_BOB)).toBe('renewal::7')
    const twice = (tx: Transaction) => {
      chain.floeCall(tx, 'renewal::begin', repo(tx), tx.pure.u64(0))
      chain.floeCall(tx, 'renewal::begin', repo(tx), tx.pure.u64(0))
    }
    expect(await chain.aborts(twice, AS_BOB)).toBe('dynamic_field::1')
  })

  it('does not pay for a pack that its pusher can take back', async () => {
    const mine = await chain.certified(3)
    await chain.must((tx) => {
      const push = chain.begin(tx, repo(tx), 1)
      chain.deposit(tx, push, repo(tx), mine.object)
      tx.transferObjects([push], ALICE)
    })
    const attempt = (tx: Transaction) => void chain.floeCall(tx, 'renewal::begin', repo(tx), tx.pure.u64(1))
    expect(await chain.aborts(attempt)).toBe('pack_table::14')
  })

  it('is not opened by the rule of somebody else, and not withdrawn by a stranger', async () => {
    const attempt = (tx: Transaction) => {
      const made = chain.floeCall(tx, 'repository::create', tx.pure.string('x'), tx.pure.u64(1), chain.clock(tx))
      const coin = chain.floeCall(tx, 'repository::withdraw', repo(tx), made[1]!, tx.pure.u64(FUND))
      tx.transferObjects([coin, made[1]!], BOB)
      chain.floeCall(tx, 'repository::share', made[0]!)
    }
    expect(await chain.aborts(attempt, AS_BOB)).toBe('members::1')
  })
})
