/** Who holds a lock, in terms that survive the reuse of process ids. */

import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

export interface ProcessRecord {
  pid: number
  /** When the process began, in the system's own words; `null` where the system does not tell. */
  startedAt: string | null
  host: string
}

export interface ProcessIdentity {
  self(): ProcessRecord
  /** `unknown` for a process of another machine. */
  liveness(record: ProcessRecord): 'alive' | 'dead' | 'unknown'
}

export const systemProcesses: ProcessIdentity = {
  self: () => ({ pid: process.pid, startedAt: startTime(process.pid), host: hostname() }),
  liveness(record) {
    if (record.host !== hostname()) return 'unknown'
    if (!exists(record.pid)) return 'dead'
    // The id may have been given to a newer process.
    return record.startedAt !== null && startTime(record.pid) !== record.startedAt ? 'dead' : 'alive'
  },
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function startTime(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      // proc(5): field 22 of stat, in clock ticks since boot; the name in field 2 may hold spaces and parentheses.
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
      return `${boot}/${ticks}`
    }
    if (process.platform === 'darwin')
      // Not imported: nobody else needs that module to start with.
      return process
        .getBuiltinModule('node:child_process')
        .execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'latin1' })
        .trim()
  } catch {
    // No such process, or a system that hides it: existence alone decides.
  }
  return null
}
