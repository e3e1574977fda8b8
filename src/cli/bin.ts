#!/usr/bin/env node
/** Entry point. Imports nothing that an old runtime cannot read before it is known to be new enough, so that an old one
 *  gets one clear line. */

import { existsSync } from 'node:fs'
import * as module from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { floeHome } from './home.ts'
import { startThreadsFor } from './threads-ahead.ts'

/** Commands of which the memory they hold matters more than how often it is tidied. */
const HOLDS_MUCH = new Set(['add', 'commit'])
const OLDEST = [22, 15] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(`Error: floe needs Node ${OLDEST.join('.')} or newer; this is Node ${process.versions.node}\n`)
  process.exitCode = 2
} else {
  // Compiled code is kept between runs: that takes a fifth off the start. Only in a data directory that is there already:
  // asking for the version writes nothing into a new home.
  const home = floeHome(process.env)
  if (existsSync(home)) module.enableCompileCache?.(join(home, 'compiled'))
  // Of a million files these would let garbage grow to a hundred megabytes before anyone looks at it.
  if (HOLDS_MUCH.has(process.argv[2] ?? '')) setFlagsFromString('--semi-space-growth-factor=1')
  startThreadsFor(process.argv.slice(2), process.cwd())
  const { main } = await import('./main.ts')
  process.exitCode = await main(process.argv.slice(2))
}
