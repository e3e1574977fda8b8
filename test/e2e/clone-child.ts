/** A process of its own that pushes, clones, or streams a dataset, and tells its peak memory: `node clone-child.ts
 *  push|clone|stream ADDRESS DIR OPTIONS_JSON` prints JSON. */

import { readFileSync } from 'node:fs'
import { clone } from '../../src/repo/clone.ts'
import { openDataset } from '../../src/repo/dataset.ts'
import { push } from '../../src/repo/push.ts'

const [, , verb, address, dir, json] = process.argv
const options = JSON.parse(json!)
const started = performance.now()
let bytes = 0
let repository = ''
if (verb === 'push') {
  const pushed = await push(dir!, { ...options, create: { name: 'large', network: 'local' } })
  for (const pack of pushed.packs) bytes += pack.bytes
  repository = pushed.repository
} else if (verb === 'clone') bytes = (await clone(address!, dir!, options)).bytes
else {
  await using dataset = await openDataset(address!, options)
  for await (const file of dataset.stream({ shuffleSeed: 1 })) bytes += file.bytes.length
}
const status = readFileSync('/proc/self/status', 'utf8')
const peakBytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024
console.log(JSON.stringify({ repository, bytes, peakBytes, ms: Math.round(performance.now() - started) }))
