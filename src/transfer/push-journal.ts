/** `.floe/pushes/<time>-<random>.jsonl`: what a push has done so far, one JSON object per line, flushed line by line.
 *
 *  The journal is for people and for `push --abort`: what a later push reuses, it looks up on chain. A torn last line
 *  is ignored. */

import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Steps of a push, each written after it is done. Storable and complete: nothing refers to memory. */
export type PushStep =
  | {
      $kind: 'started'
      network: string
      repository: string | null
      ref: string
      old: string | null
      new: string
      timeMs: number
    }
  | { $kind: 'encoded'; blobId: string; rootHash: string; blobBytes: number; kind: 'data' | 'meta' }
  | { $kind: 'registered'; blobId: string; objectId: string; endEpoch: number; digest: string | null }
  | { $kind: 'uploaded'; blobId: string; epoch: number; signers: number[]; message: string; signature: string }
  /** Nodes (by id) that did not get a pack in time. */
  | { $kind: 'tail'; blobId: string; objectId: string; nodes: string[] }
  | { $kind: 'finished'; digest: string; repository: string; timeMs: number }

export interface PushJournal {
  readonly path: string
  record(step: PushStep): Promise<void>
  close(): Promise<void>
}

const MAX_JOURNAL_BYTES = 64 * 1024 * 1024

/** @param dir - `.floe/pushes` */
export async function createPushJournal(dir: string, timeMs: number): Promise<PushJournal> {
  await mkdir(dir, { recursive: true })
  const stamp = new Date(timeMs).toISOString().replace(/[-:]/g, '').slice(0, 15)
  const path = join(dir, `${stamp}-${randomBytes(4).toString('hex')}.jsonl`)
  const file = await open(path, 'ax', 0o600)
  return {
    path,
    async record(step) {
      await file.appendFile(`${JSON.stringify(step)}\n`)
      await file.datasync()
    },
    close: () => file.close(),
  }
}

/** Steps of a journal in order; whatever follows a line that is not whole is left out. */
export async function readPushJournal(path: string): Promise<PushStep[]> {
  const text = await readFile(path, 'utf8')
  const steps: PushStep[] = []
  if (text.length > MAX_JOURNAL_BYTES) return steps
  for (const line of text.split('\n')) {
    try {
      const step: unknown = JSON.parse(line)
      if (typeof step !== 'object' || step === null || !('$kind' in step)) break
      steps.push(step as PushStep)
    } catch {
      break
    }
  }
  return steps
}

/** Journals of pushes that did not finish, oldest first. */
export async function findUnfinishedPushes(dir: string): Promise<{ path: string; steps: PushStep[] }[]> {
  const all = await readPushJournals(dir)
  return all.filter(({ steps }) => !steps.some((step) => step.$kind === 'finished'))
}

export type TailStep = Extract<PushStep, { $kind: 'tail' }>

/** Finished pushes to a repository after which some nodes still lack slivers, oldest first. */
export async function findTails(
  dir: string,
  { network, repository }: { network: string; repository: string },
): Promise<{ path: string; tails: TailStep[] }[]> {
  const all = await readPushJournals(dir)
  return all.flatMap(({ path, steps }) => {
    const [started] = steps
    const isOurs =
      started?.$kind === 'started' &&
      started.network === network &&
      steps.some((step) => step.$kind === 'finished' && step.repository === repository)
    const tails = steps.filter((step) => step.$kind === 'tail')
    return isOurs && tails.length > 0 ? [{ path, tails }] : []
  })
}

async function readPushJournals(dir: string): Promise<{ path: string; steps: PushStep[] }[]> {
  let names: string[]
  try {
    names = await readdir(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const found: { path: string; steps: PushStep[] }[] = []
  for (const name of names.filter((entry) => entry.endsWith('.jsonl')).sort()) {
    const path = join(dir, name)
    const steps = await readPushJournal(path)
    if (steps.length > 0) found.push({ path, steps })
  }
  return found
}

/** Which pushes: those to one ref. A push that was to create its repository has none yet. */
export interface PushSubject {
  network: string
  repository: string | null
  ref: string
}

/** Unfinished journals about a ref, oldest first.
 *  @param subject.repository - journals of pushes that were to create a repository always match */
export async function findPushesOf(
  dir: string,
  { network, repository, ref }: PushSubject,
): Promise<{ path: string; steps: PushStep[] }[]> {
  const unfinished = await findUnfinishedPushes(dir)
  return unfinished.filter(({ steps }) => {
    const [started] = steps
    return (
      started?.$kind === 'started' &&
      started.network === network &&
      started.ref === ref &&
      (started.repository === null || started.repository === repository)
    )
  })
}

/** Drops the journals of attempts that a later push has made good, or that were given up. */
export async function forgetPushes(dir: string, subject: PushSubject): Promise<void> {
  for (const { path } of await findPushesOf(dir, subject)) {
    await unlink(path)
    // Of an attempt that was killed.
    await rm(`${path}.lock`, { force: true })
  }
}
