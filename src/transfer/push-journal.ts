/** `.floe/pushes/<time>-<random>.jsonl`: what a push has done so far, one JSON object per line, flushed line by line.
 *
 *  The journal is for people and for `push --abort`: what a later push reuses, it looks up on chain. Only a repository that was
 *  made unheard is found by it, and packs that were uploaded, which need not be encoded again to know their ids. What each node
 *  has of a pack that is on its way stands beside it (`upload-journal.ts`). A torn last line is ignored. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { utf8 } from '../base/bytes.ts'
import { discard, ensureDirectory } from '../store/atomic-file.ts'
import { type FileSystem, isErrno } from '../store/file-system.ts'
import { nodeFs } from '../store/node-fs.ts'
import { forgetUploads } from './upload-journal.ts'

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
  /** `packHash`: SHA-256 of the pack, hex; journals of earlier versions have none. */
  | {
      $kind: 'encoded'
      blobId: string
      rootHash: string
      blobBytes: number
      kind: 'data' | 'meta'
      packHash?: string
    }
  | { $kind: 'registered'; blobId: string; objectId: string; endEpoch: number; digest: string | null }
  | { $kind: 'uploaded'; blobId: string; epoch: number; signers: number[]; message: string; signature: string }
  /** A transaction that makes the repository is about to be sent. */
  | { $kind: 'creating'; name: string; digest: string }
  /** Nodes (by id) that did not get a pack in time. */
  | { $kind: 'tail'; blobId: string; objectId: string; nodes: string[] }
  | { $kind: 'finished'; digest: string; repository: string; timeMs: number }

export interface PushJournal {
  readonly path: string
  record(step: PushStep): Promise<void>
  close(): Promise<void>
}

const MAX_JOURNAL_BYTES = 64 * 1024 * 1024

/** @param dir - `.floe/pushes`
 *  @throws {FileSystemError} STORE_DISK_FULL, STORE_IO, as `record` does */
export async function createPushJournal(dir: string, timeMs: number, fs: FileSystem = nodeFs): Promise<PushJournal> {
  await ensureDirectory(fs, dir)
  const stamp = new Date(timeMs).toISOString().replace(/[-:]/g, '').slice(0, 15)
  const path = join(dir, `${stamp}-${randomBytes(4).toString('hex')}.jsonl`)
  const file = fs.open(path, 'create', { private: true })
  let failure: unknown
  return {
    path,
    async record(step) {
      // Behind a line that is not whole nothing is read any more.
      if (failure) throw failure
      try {
        file.write(utf8(`${JSON.stringify(step)}\n`))
        await file.sync()
      } catch (error) {
        failure = error
        throw error
      }
    },
    close: async () => file.close(),
  }
}

/** Steps of a journal in order; whatever follows a line that is not whole is left out. */
export async function readPushJournal(path: string, fs: FileSystem = nodeFs): Promise<PushStep[]> {
  const steps: PushStep[] = []
  for (const line of readText(fs, path).split('\n')) {
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

/** Nothing of a file that is too long, or that another push has just forgotten. */
function readText(fs: FileSystem, path: string): string {
  try {
    return new TextDecoder().decode(fs.readFile(path, MAX_JOURNAL_BYTES))
  } catch (error) {
    if (isErrno(error, 'EFBIG', 'ENOENT')) return ''
    throw error
  }
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
  const found: { path: string; steps: PushStep[] }[] = []
  for (const name of listJournals(dir)) {
    const path = join(dir, name)
    const steps = await readPushJournal(path)
    if (steps.length > 0) found.push({ path, steps })
  }
  return found
}

function listJournals(dir: string): string[] {
  try {
    const names = nodeFs.readDirectory(dir).map(({ name }) => Buffer.from(name).toString('latin1'))
    return names.filter((name) => name.endsWith('.jsonl')).sort()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

/** Which pushes: those to one ref. A push that was to create its repository has none yet. */
export interface PushSubject {
  network: string
  repository: string | null
  ref: string
  /** Only pushes of this commit (default: of any). */
  commit?: string | undefined
}

/** Unfinished journals about a ref, oldest first.
 *  @param subject.repository - journals of pushes that were to create a repository always match */
export async function findPushesOf(
  dir: string,
  { network, repository, ref, commit }: PushSubject,
): Promise<{ path: string; steps: PushStep[] }[]> {
  const unfinished = await findUnfinishedPushes(dir)
  return unfinished.filter(({ steps }) => {
    const [started] = steps
    return (
      started?.$kind === 'started' &&
      started.network === network &&
      started.ref === ref &&
      started.new === (commit ?? started.new) &&
      (started.repository === null || started.repository === repository)
    )
  })
}

/** What became of blobs that were paid for, by blob id. */
export interface PaidBlobs {
  used: ReadonlySet<string>
  /** Those that belong to the pusher; asked for only if there are others than the used ones. */
  owned(): Promise<ReadonlySet<string>>
}

/** Drops the journals of attempts that a later push has made good, or that were given up.
 *  @param isRunning - told the path of a journal: true if its push is under way, and needs it
 *  @param paid - where not all of what the attempts have paid for is settled: a journal that names blobs which were not used
 *    and belong to the pusher still stays, because nothing else tells of them
 *  @returns how many blobs those that stay have paid for beside these */
export async function forgetPushes(
  dir: string,
  subject: PushSubject,
  isRunning: (journal: string) => boolean,
  paid?: PaidBlobs,
): Promise<number> {
  const unused = new Set<string>()
  let owned: Promise<ReadonlySet<string> | null> | undefined
  for (const { path, steps } of await findPushesOf(dir, subject)) {
    if (isRunning(path)) continue
    const left: string[] = []
    for (const step of steps) {
      if (!paid || step.$kind !== 'registered' || paid.used.has(step.blobId)) continue
      // It may have gone into the repository by a push that did not hear of its end. Without an answer it counts as unused.
      owned ??= paid.owned().catch(() => null)
      if ((await owned)?.has(step.blobId) ?? true) left.push(step.blobId)
    }
    for (const blobId of left) unused.add(blobId)
    if (left.length > 0) continue
    discard(nodeFs, path)
    // Of an attempt that was killed.
    discard(nodeFs, `${path}.lock`)
  }
  return unused.size
}

/** Drops the journals of pushes that have finished and left nothing to be done: every push reads all journals. */
export async function forgetFinished(dir: string, isRunning: (journal: string) => boolean): Promise<void> {
  for (const { path, steps } of await readPushJournals(dir)) {
    const isFinished = steps.some((step) => step.$kind === 'finished')
    // One that is under way may have a tail yet.
    if (isFinished && !steps.some((step) => step.$kind === 'tail') && !isRunning(path)) discard(nodeFs, path)
  }
}

/** Drops the journals of uploads that no push goes on with: of all but those that an unfinished one has paid for. */
export async function forgetStrayUploads(dir: string): Promise<void> {
  const unfinished = await findUnfinishedPushes(dir)
  const registered = unfinished.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.$kind === 'registered' ? [step.objectId] : [])),
  )
  forgetUploads(dir, new Set(registered))
}
