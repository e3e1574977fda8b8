/** Threads for commands that will look at every file, started while the rest of the program loads. A guess from the
 *  words on the command line and the size of one file: whoever is not wanted ends with the process. */

import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BYTES_PER_RECORD, startThreadsAhead, usefulThreads } from '../worktree/survey-threads.ts'

const ALL_CHANGES = /^(-[aA]m?|--all|--add)$/

export function startThreadsFor(argv: readonly string[], cwd: string): void {
  const looks = argv[0] === 'status' || (argv[0] === 'commit' && argv.some((word) => ALL_CHANGES.test(word)))
  if (!looks) return
  for (let at = cwd; ; at = dirname(at)) {
    const records = statSync(join(at, '.floe/stat'), { throwIfNoEntry: false })
    if (records || dirname(at) === at) {
      startThreadsAhead(usefulThreads((records?.size ?? 0) / BYTES_PER_RECORD))
      return
    }
  }
}
