/** One process at a time per state folder: an exclusively created file with the holder's pid and start time. */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep } from '../base/abort.ts'
import { LocalnetLockedError } from './errors.ts'

export interface FolderLock {
  release(): Promise<void>
}

interface Holder {
  pid: number
  /** Start time where the system tells it, so that a reused pid is not taken for the holder. */
  started: string
  /** Distinguishes two locks of one process. */
  nonce: string
}

const LOCK_FILE = 'lock'
/** Looks at a lock that others are taking over, 5 ms apart. */
const MAX_ATTEMPTS = 400

/** @throws {LocalnetLockedError} LOCALNET_LOCKED while a living process holds it */
export async function lockFolder(dir: string): Promise<FolderLock> {
  const path = join(dir, LOCK_FILE)
  const holder: Holder = { pid: process.pid, started: startOf(process.pid), nonce: newNonce() }
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (await claim(path, holder)) return { release: () => removeIf(path, holder.nonce) }
    const other = await readHolder(path)
    if (other && isAlive(other)) throw new LocalnetLockedError(dir, other.pid)
    if (other) await removeStale(path, other.nonce)
    await sleep(attempt === 0 ? 0 : 5)
  }
  throw new LocalnetLockedError(dir, (await readHolder(path))?.pid ?? 0)
}

/** Removes a lock whose holder is dead, and never one that somebody has taken since.
 *
 *  Looking and removing are two steps, so only the owner of a guard named after exactly that lock may do both; a guard
 *  whose owner died is itself a stale lock. */
async function removeStale(path: string, nonce: string): Promise<void> {
  const guard = `${path}.${nonce}`
  const owner: Holder = { pid: process.pid, started: startOf(process.pid), nonce: newNonce() }
  if (await claim(guard, owner)) {
    try {
      await removeIf(path, nonce)
    } finally {
      await removeIf(guard, owner.nonce)
    }
    return
  }
  const other = await readHolder(guard)
  if (other && !isAlive(other)) await removeStale(guard, other.nonce)
}

/** Creates a lock with all of its content, or not at all. */
async function claim(path: string, holder: Holder): Promise<boolean> {
  const own = `${path}.${holder.nonce}.tmp`
  await writeFile(own, JSON.stringify(holder), { mode: 0o600 })
  try {
    await link(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    // File systems without hard links: an exclusive create, then the record.
    return await claimInPlace(path, holder)
  } finally {
    await rm(own, { force: true })
  }
}

async function claimInPlace(path: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(holder), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Removes the lock with that nonce. */
async function removeIf(path: string, nonce: string): Promise<void> {
  if ((await readHolder(path))?.nonce === nonce) await rm(path, { force: true })
}

function newNonce(): string {
  return randomBytes(8).toString('hex')
}

/** Pid of the living process that holds the folder. */
export async function lockHolder(dir: string): Promise<number | undefined> {
  const holder = await readHolder(join(dir, LOCK_FILE))
  return holder && isAlive(holder) ? holder.pid : undefined
}

/** Stands for a lock that was damaged: nobody holds it. */
const UNREADABLE: Holder = { pid: 0, started: '', nonce: 'unreadable' }

/** Undefined if there is no lock. */
async function readHolder(path: string): Promise<Holder | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const holder = JSON.parse(text) as Holder
    // The nonce becomes part of a file name.
    const whole = holder.pid > 0 && Number.isInteger(holder.pid) && /^[0-9a-z]{1,32}$/.test(holder.nonce)
    return whole ? holder : UNREADABLE
  } catch {
    return UNREADABLE
  }
}

function isAlive({ pid, started }: Holder): boolean {
  // Signal 0 to process 0 would reach our own group.
  if (pid === 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = statOf(pid)
  if (now === undefined || started === '') return true
  // A zombie holds nothing any more; its parent has only not looked yet.
  return now.state !== 'Z' && now.started === started
}

function startOf(pid: number): string {
  return statOf(pid)?.started ?? ''
}

/** State letter, and clock ticks since boot at the start (Linux); undefined elsewhere. */
function statOf(pid: number): { state: string; started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command name may hold spaces and parentheses; after its last one come the state and, 20th, the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}
