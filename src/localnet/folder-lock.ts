/** One process at a time per state folder: an exclusively created file with the holder's pid and start time. */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
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
/** Attempts to replace a lock whose holder is gone, against others that try the same. */
const MAX_ATTEMPTS = 20

/** @throws {LocalnetLockedError} LOCALNET_LOCKED while a living process holds it */
export async function lockFolder(dir: string): Promise<FolderLock> {
  const path = join(dir, LOCK_FILE)
  const holder: Holder = { pid: process.pid, started: startOf(process.pid), nonce: randomBytes(8).toString('hex') }
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (await createExclusively(path, JSON.stringify(holder)))
      return {
        async release() {
          if ((await readHolder(path))?.nonce === holder.nonce) await rm(path, { force: true })
        },
      }
    const other = await readHolder(path)
    if (other && isAlive(other)) throw new LocalnetLockedError(dir, other.pid)
    // Moved aside rather than deleted: of two that found it stale only one succeeds, and neither removes a new lock
    // without noticing.
    const aside = `${path}.${holder.nonce}`
    try {
      await rename(path, aside)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      continue
    }
    const moved = await readHolder(aside)
    if (moved && isAlive(moved)) await rename(aside, path)
    else await rm(aside, { force: true })
  }
  throw new LocalnetLockedError(dir, (await readHolder(path))?.pid ?? 0)
}

/** Pid of the living process that holds the folder. */
export async function lockHolder(dir: string): Promise<number | undefined> {
  const holder = await readHolder(join(dir, LOCK_FILE))
  return holder && isAlive(holder) ? holder.pid : undefined
}

async function createExclusively(path: string, text: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx', 0o600)
    try {
      await handle.writeFile(text)
    } finally {
      await handle.close()
    }
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Undefined if there is none, or none that was written to its end. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as Holder
    return Number.isInteger(holder.pid) && typeof holder.nonce === 'string' ? holder : undefined
  } catch {
    return undefined
  }
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = startOf(pid)
  return now === '' || started === '' || now === started
}

/** Clock ticks since boot at which the process started (Linux); empty elsewhere. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command name may hold spaces and parentheses; the start time is the 20th field after its last one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
