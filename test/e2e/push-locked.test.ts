/** Pushes of a workspace in which others are at work, or in which the name of the remote is taken. */

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { journalPath } from '../../src/repo/import-journal.ts'
import { push } from '../../src/repo/push.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { type LocalWorld, startLocalWorld } from './local-world.ts'

let world: LocalWorld
beforeAll(async () => {
  world = await startLocalWorld({ nodes: 4 })
})
afterAll(() => world[Symbol.asyncDispose]())

const create = { name: 'busy', network: 'local' }

/** Holds the lock of a workspace, as a long `add` does. @returns what ends it */
async function occupy(dir: string): Promise<() => Promise<void>> {
  const workspace = await openWorkspace(dir)
  const [taken, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const held = workspace.withLock('add', async () => {
    taken.resolve()
    await done.promise
  })
  await taken.promise
  return async () => {
    done.resolve()
    await held
    await workspace.close()
  }
}

it('pays for nothing when the name of the new remote is taken', async () => {
  const dir = await world.workspace('imported', { a: 'a' })
  await using workspace = await openWorkspace(dir)
  const path = journalPath(workspace, 'origin')
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, '')
  const onProgress = () => {
    throw new Error('it has begun')
  }
  await expect(push(dir, { ...world.options, create, onProgress })).rejects.toMatchObject({ code: 'REMOTE_EXISTS' })
  const remote = 'no name'
  await expect(push(dir, { ...world.options, create, remote, onProgress })).rejects.toMatchObject({
    code: 'REMOTE_NAME_MALFORMED',
  })
})

it('waits for others until it has named what it made, and is done although they are still there', async () => {
  const dir = await world.workspace('busy', { a: 'a' })
  const free = await occupy(dir)
  let executions = 0
  const seen: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (String(input).endsWith('/ExecuteTransaction') && ++executions === 2) setTimeout(free, 300)
    return response
  }
  const made = await push(dir, { ...world.options, create, fetch: seen })
  expect([made.$kind, executions]).toEqual(['pushed', 2])
  await using workspace = await openWorkspace(dir)
  expect(workspace.readConfig().remotes).toMatchObject({ origin: { repository: `local:${made.repository}` } })

  await world.change(dir, { b: 'b' })
  const freeAgain = await occupy(dir)
  const busy = await push(dir, world.options)
  expect(busy).toMatchObject({ $kind: 'pushed', notice: expect.stringContaining('floe fetch') })
  await freeAgain()
  expect(await push(dir, world.options)).toMatchObject({ $kind: 'up-to-date', new: busy.new })
})
