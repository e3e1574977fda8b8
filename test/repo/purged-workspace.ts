/** A workspace with a secret in its past, for tests of `purge`. */

import { expect } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import { createBranch, createTag } from '../../src/repo/branch.ts'
import { logOf } from '../../src/repo/log.ts'
import { dropPurged, moveToNewHistory } from '../../src/repo/purge-local.ts'
import { reset } from '../../src/repo/reset.ts'
import { pushStash } from '../../src/repo/stash.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import type { Workspace } from '../../src/store/workspace.ts'
import { type CrashFs, PowerCut } from '../faults/crash-fs.ts'
import { openAt } from './every-cut.ts'
import { memoryWorkspace } from './memory-workspace.ts'
import { author } from './temporary-workspace.ts'

export const SECRET = Array.from(createRng(5).fill(new Uint8Array(30_000)), (byte) =>
  String.fromCharCode(33 + (byte % 90)),
).join('')
export const options = { paths: ['secret'] }

export async function purged(workspace: Workspace) {
  const moved = await workspace.withLock('purge', () => moveToNewHistory(workspace, options))
  const { packs } = await workspace.withLock('purge', () => dropPurged(workspace, moved, options))
  return { history: moved.history, packs }
}

/** Whether any file of the disk has the secret: packs keep text that does not repeat itself nearly as it is, so every
 *  object is read as well. */
export async function holds(workspace: Workspace, fs: CrashFs): Promise<boolean> {
  for (const bytes of fs.contents('/').values())
    if (Buffer.from(bytes ?? []).includes(SECRET.slice(1000, 1064))) return true
  for (const { name } of await workspace.store.packs())
    for (const { kind, id } of await workspace.store.packObjects(name))
      if (Buffer.from(await workspace.store.readLocal(kind, id)).includes(SECRET.slice(1000, 1064))) return true
  return false
}

/** A secret in the past of two branches and a tag, in a stash, and in a version that only the log remembers. */
export async function prepared() {
  const ws = await memoryWorkspace()
  ws.write('text', 'one')
  await ws.commitAll('plain')
  await createBranch(ws.workspace, { name: 'plain' })
  ws.write('secret/key', SECRET)
  ws.write('copy of a part', SECRET.slice(0, 10))
  await ws.commitAll('secret')
  ws.write('secret/note', 'only this')
  await ws.commitAll('nothing else')
  await createTag(ws.workspace, { name: 'v1' })
  await createBranch(ws.workspace, { name: 'dev', at: 'HEAD~1' })
  ws.write('text', 'two')
  await ws.commitAll('later')
  ws.write('secret/lost', `${SECRET}lost`)
  await ws.commitAll('reset away')
  await reset(ws.workspace, { revision: 'HEAD~1', mode: 'hard' })
  ws.write('text', 'three')
  await pushStash(ws.workspace, { author })
  return ws
}

/** Cuts the power at every `stride`th step: nothing else is lost, and running it again finishes it. */
export async function purgeAtEveryCut(stride: number): Promise<void> {
  const { fs: start } = await prepared()
  const complete = start.clone()
  await purged(await openAt(complete, 1))
  expect(complete.steps).toBeGreaterThan(20)
  for (let cut = 1; cut <= complete.steps; cut += stride) {
    const fs = start.clone()
    fs.cutAtStep = cut
    await openAt(fs, 1)
      .then(purged)
      .catch((error: unknown) => expect(error).toBeInstanceOf(PowerCut))
    const rebooted = fs.reboot(createRng(cut))
    await using workspace = await openAt(rebooted, 2)
    const where = `cut at step ${cut} of ${complete.steps}`
    await verifyLocal(workspace, { full: true })
    await purged(workspace)
    expect(await holds(workspace, rebooted), where).toBe(false)
    await verifyLocal(workspace, { full: true })
    expect(
      (await logOf(workspace)).map(({ message }) => message),
      where,
    ).toEqual(['later', 'secret', 'plain'])
  }
}
