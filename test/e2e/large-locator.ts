/** A repository with more objects than one locator segment has room for. */

import { expect } from 'vitest'
import { clone } from '../../src/repo/clone.ts'
import type { PushOptions } from '../../src/repo/push.ts'
import { push } from '../../src/repo/push.ts'
import { openRemoteContext } from '../../src/repo/remote-context.ts'
import { type LocalWorld, snapshot } from './local-world.ts'

/** Pushes so many small files, then a few more, and clones after each.
 *  @returns live segments after each push, as numbers of the packs that they stand in */
export async function pushManyFiles(
  world: LocalWorld,
  name: string,
  count: number,
  limits: PushOptions['limits'],
): Promise<number[][]> {
  const options = { ...world.options, limits }
  const files = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`d${i % 50}/${i}`, `file ${i} of ${name}\n`]),
  )
  const dir = await world.workspace(name, files)
  const live: number[][] = []
  for (const round of [0, 1]) {
    const create = round === 0 ? { name, network: 'local' } : undefined
    const dry = await push(dir, { ...options, create, dryRun: true })
    const result = await push(dir, { ...options, create })
    expect(result).toMatchObject({ $kind: 'pushed' })
    expect(BigInt(result.cost.walFrost)).toBeLessThanOrEqual(BigInt(dry.cost.walFrost))
    const reader = (await openRemoteContext('local', world.options)).repository(result.repository)
    const [record] = await reader.fetchPushesAt(await reader.fetchState(), [result.logIndex!])
    live.push(record!.segments.map(({ pack }) => pack))
    const copy = world.path(`${name}-${round}`)
    await clone(`local:${result.repository}`, copy, world.options)
    expect(await snapshot(copy)).toEqual(await snapshot(dir))
    await world.change(dir, { [`more/${round}`]: `more ${round}\n` })
  }
  return live
}
