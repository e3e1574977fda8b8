/** Threads for commands that will look at every file or read them all, started while the rest of the program loads. A guess
 *  from the words on the command line and the size of one file: whoever is not wanted ends with the process. */

import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { startReadThreadAhead } from '../worktree/read-threads.ts'
import { BYTES_PER_RECORD, startThreadsAhead, usefulThreads } from '../worktree/survey-threads.ts'

const ALL_CHANGES = /^(-[aA]m?|--all|--add)$/

export function startThreadsFor(argv: readonly string[], cwd: string): void {
  const [verb] = argv
  const commits = verb === 'commit' && argv.some((word) => ALL_CHANGES.test(word))
  if (verb !== 'status' && verb !== 'add' && !commits) return
  const floeDir = nearestFloeDir(cwd)
  if (floeDir === undefined) return
  const records = statSync(join(floeDir, 'stat'), { throwIfNoEntry: false })
  // Where nothing is recorded yet, all that is there will be read.
  if (!records && verb !== 'status') startReadThreadAhead()
  if (records && verb !== 'add') startThreadsAhead(usefulThreads(records.size / BYTES_PER_RECORD))
}

function nearestFloeDir(cwd: string): string | undefined {
  for (let at = cwd; ; at = dirname(at)) {
    const floeDir = join(at, '.floe')
    if (existsSync(floeDir)) return floeDir
    if (dirname(at) === at) return undefined
  }
}
