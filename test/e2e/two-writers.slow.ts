/** Two writers push to one branch at once: exactly one wins each round, and the other loses nothing but the race. Each with a
 *  key of their own, and both with one: then their coins meet as well. */

import { expect, it } from 'vitest'
import { grantAccess } from '../../src/repo/access.ts'
import { clone } from '../../src/repo/clone.ts'
import { requestFaucet } from '../../src/repo/faucet.ts'
import { generateKey } from '../../src/repo/key.ts'
import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'
import { snapshot, startLocalWorld } from './local-world.ts'

const ROUNDS = Number(process.env['FLOE_ROUNDS'] ?? 100)
const author = { name: 'Two', email: '' }

it.each(['a key each', 'one key'])(
  `one of two pushes at once wins, ${ROUNDS} times, with %s`,
  async (keys) => {
    await using world = await startLocalWorld({ nodes: 4 })
    const one = await world.workspace('one', { 'one.txt': '0\n', 'two.txt': '0\n' })
    const first = await push(one, { ...world.options, create: { name: 'race', network: 'local' } })
    const two = world.path('two')
    await clone(`local:${first.repository}`, two, world.options)
    const { address } = await generateKey(world.options.homeDir, { alias: 'two' })
    await requestFaucet({ ...world.options, network: 'local', address })
    await grantAccess(one, { ...world.options, address, role: 'writer' })
    const second =
      keys === 'one key' ? world.options : { ...world.options, key: { $kind: 'alias' as const, name: 'two' } }
    const ours = { [one]: world.options, [two]: second }
    for (let round = 1; round <= ROUNDS; round++) {
      const mine = await world.change(one, { 'one.txt': `${round}\n` })
      const theirs = await world.change(two, { 'two.txt': `${round}\n` })
      const results = await Promise.allSettled([push(one, ours[one]!), push(two, ours[two]!)])
      const won = results.filter(({ status }) => status === 'fulfilled')
      expect(won).toHaveLength(1)
      const isOne = results[0]!.status === 'fulfilled'
      expect((won[0] as PromiseFulfilledResult<{ new: string }>).value.new).toBe(isOne ? mine : theirs)
      const [lost] = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
      expect(lost!.reason).toMatchObject({ code: 'PUSH_STALE', exitCode: 1 })
      // The loser takes the others' work in and pushes its own, which is still there.
      const loser = isOne ? two : one
      await pull(loser, { ...world.options, author })
      await push(loser, ours[loser]!)
      await pull(isOne ? one : two, { ...world.options, author })
      expect(await snapshot(one)).toEqual(await snapshot(two))
      expect((await snapshot(one)).get('one.txt')).toBe(`- ${Buffer.from(`${round}\n`).toString('base64')}`)
      expect((await snapshot(one)).get('two.txt')).toBe(`- ${Buffer.from(`${round}\n`).toString('base64')}`)
    }
  },
  3_600_000,
)
