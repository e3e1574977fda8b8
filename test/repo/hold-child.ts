/** A process of its own that holds a file of very many chunks: `node hold-child.ts DIR COUNT`. Prints its peak memory in bytes, what
 *  lists and index take, and how long a lookup is. */

import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { openWorkspace } from '../../src/store/workspace.ts'

const [, , dir, text] = process.argv
const count = Number(text)
const CHUNK = 2 ** 20
await using workspace = await openWorkspace(dir!)
const path = join(dir!, 'huge')
writeFileSync(path, '')
// A hole: nobody reads it here.
truncateSync(path, count * CHUNK)
const id = (i: number) => sha256Hex(Buffer.from(`chunk ${i}`)) as ObjectId
const chunks = Array.from({ length: count }, (_, i) => ({ id: id(i), bytes: CHUNK }))
const stat = workspace.fs.stat(path)!
await workspace.withLock('test', async () => {
  await workspace.store.keeper.hold([{ path: 'huge', fileId: id(0), stat, stampNs: stat.ctimeNs + 1n, chunks }])
})
workspace.store.close()
const started = performance.now()
let found = 0
for (let i = 0; i < count; i += 997) if (await workspace.store.held.names(id(i))) found++
const lookups = Math.ceil(count / 997)
const { maxRSS } = process.resourceUsage()
process.stdout.write(
  JSON.stringify({ found, lookups, msPerLookup: (performance.now() - started) / lookups, peakBytes: maxRSS * 1024 }),
)
