/** Cutting the power at every step of a job on a workspace in memory. */

import { expect } from 'vitest'
import { createManualClock } from '../../src/base/clock.ts'
import { createRng } from '../../src/base/rng.ts'
import { catFile } from '../../src/repo/cat.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import type { ProcessIdentity } from '../../src/store/process-identity.ts'
import { openWorkspace, type Workspace } from '../../src/store/workspace.ts'
import { type CrashFs, PowerCut } from '../faults/crash-fs.ts'
import { ROOT } from './memory-workspace.ts'

export function bootedProcess(boot: number): ProcessIdentity {
  return {
    self: () => ({ pid: 100, startedAt: `boot-${boot}`, host: 'machine' }),
    liveness: (record) => (record.startedAt === `boot-${boot}` ? 'alive' : 'dead'),
  }
}

export const openAt = (fs: CrashFs, boot: number): Promise<Workspace> =>
  openWorkspace(ROOT, { fs, clock: createManualClock(1_700_000_000_000 + boot), processes: bootedProcess(boot) })

/** Cuts the power at every `stride`th step of a job and looks at what is found after two kinds of restart.
 *  @param options.isWhole - false where the job begins with damage */
export async function atEveryCut(
  start: CrashFs,
  stride: number,
  job: (workspace: Workspace) => Promise<unknown>,
  look: (workspace: Workspace, fs: CrashFs, where: string) => Promise<void>,
  { isWhole = true } = {},
): Promise<void> {
  const complete = start.clone()
  await using whole = await openAt(complete, 1)
  await job(whole)
  expect(complete.steps).toBeGreaterThan(5)
  for (let cut = 1; cut <= complete.steps; cut += stride) {
    const fs = start.clone()
    fs.cutAtStep = cut
    await openAt(fs, 1)
      .then(job)
      .catch((error: unknown) => expect(error).toBeInstanceOf(PowerCut))
    for (let seed = 0; seed < 2; seed++) {
      const rebooted = fs.reboot(createRng(cut * 100 + seed))
      await using workspace = await openAt(rebooted, 2)
      if (isWhole) await verifyLocal(workspace, { full: true })
      await look(workspace, rebooted, `cut at step ${cut} of ${complete.steps}, seed ${seed}`)
    }
  }
}

/** All files of a version, by path. */
export async function versionOf(workspace: Workspace, revision: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const { path } of listFiles(workspace, { revision })) {
    const pieces: Uint8Array[] = []
    for await (const piece of catFile(workspace, { revision, path })) pieces.push(piece)
    found[path] = Buffer.concat(pieces).toString()
  }
  return found
}
