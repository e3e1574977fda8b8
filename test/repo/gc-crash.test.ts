import { expect, it } from 'vitest'
import { createManualClock } from '../../src/base/clock.ts'
import { createRng } from '../../src/base/rng.ts'
import { add } from '../../src/repo/add.ts'
import { catFile } from '../../src/repo/cat.ts'
import { commit } from '../../src/repo/commit.ts'
import { gc } from '../../src/repo/gc.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { reset } from '../../src/repo/reset.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace, type Workspace } from '../../src/store/workspace.ts'
import { CrashFs, PowerCut } from '../faults/crash-fs.ts'

const ROOT = '/ws'

/** The machine's clock is far ahead of every pack: none is young. */
const open = (fs: CrashFs, boot: number) =>
  openWorkspace(ROOT, {
    fs,
    clock: createManualClock(1_900_000_000_000),
    processes: {
      self: () => ({ pid: 100, startedAt: `boot-${boot}`, host: 'machine' }),
      liveness: (record) => (record.startedAt === `boot-${boot}` ? 'alive' : 'dead'),
    },
  })

const collect = (workspace: Workspace) => gc(workspace, { reflogMs: 0 })

async function textAt(workspace: Workspace, revision: string): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of catFile(workspace, { revision, path: 'file' })) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

it('a power cut during gc loses nothing that anything refers to, and running it again finishes it', async () => {
  const start = new CrashFs()
  start.makeDirectory(ROOT)
  await initWorkspace(ROOT, { fs: start })
  {
    await using workspace = await open(start, 0)
    for (let version = 0; version < 7; version++) {
      if (start.stat(`${ROOT}/file`)) start.unlink(`${ROOT}/file`)
      const file = start.open(`${ROOT}/file`, 'create')
      file.write(new TextEncoder().encode(`version ${version}`))
      file.close()
      await add(workspace, { all: true })
      await commit(workspace, { message: `${version}`, author: { name: 'Ada', email: '' } })
    }
    await reset(workspace, { revision: 'HEAD~1', mode: 'hard' })
  }
  const packsIn = (fs: CrashFs) =>
    [...fs.contents(`${ROOT}/.floe/packs`).keys()].filter((path) => path.endsWith('.pack'))
  const complete = start.clone()
  await using whole = await open(complete, 1)
  expect(await collect(whole)).toMatchObject({ packs: { before: 14, after: 2 } })
  const finished = packsIn(complete)
  expect(complete.steps).toBeGreaterThan(20)
  for (let cut = 1; cut <= complete.steps; cut += 2) {
    const fs = start.clone()
    fs.cutAtStep = cut
    await open(fs, 1)
      .then(collect)
      .catch((error: unknown) => expect(error).toBeInstanceOf(PowerCut))
    for (let seed = 0; seed < 2; seed++) {
      const where = `cut at step ${cut} of ${complete.steps}, seed ${seed}`
      const rebooted = fs.reboot(createRng(cut * 100 + seed))
      await using workspace = await open(rebooted, 2)
      await verifyLocal(workspace, { full: true })
      for (let back = 0; back < 6; back++)
        expect(await textAt(workspace, `HEAD~${back}`), where).toBe(`version ${5 - back}`)
      await collect(workspace)
      await verifyLocal(workspace, { full: true })
      expect(await textAt(workspace, 'HEAD~5'), where).toBe('version 0')
      expect(packsIn(rebooted).length, where).toBeLessThanOrEqual(finished.length + 2)
    }
  }
})
