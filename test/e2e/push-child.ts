/** A process of its own that pushes and tells its peak memory: `node push-child.ts DIR OPTIONS_JSON` prints JSON. */

import { readFileSync } from 'node:fs'
import { push } from '../../src/repo/push.ts'

const [, , dir, options] = process.argv
const beforeBytes = process.memoryUsage.rss()
const started = performance.now()
const { packs } = await push(dir!, JSON.parse(options!))
console.log(
  JSON.stringify({
    ms: Math.round(performance.now() - started),
    beforeBytes,
    peakBytes: peakBytes(),
    packs: packs.map(({ bytes }) => bytes),
  }),
)

/** Of this process alone: the peak in `resourceUsage` begins with that of the process it was forked from. */
function peakBytes(): number {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    if (kibibytes) return Number(kibibytes) * 1024
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024
}
