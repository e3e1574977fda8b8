#!/usr/bin/env node
/** Entry point. Imports nothing that an old runtime cannot read before it is known to be new enough, so that an old one
 *  gets one clear line. */

import { existsSync, mkdirSync } from 'node:fs'
import * as module from 'node:module'
import { isAbsolute, join } from 'node:path'
import { currentDirectory } from '../base/current-directory.ts'
import { floeHome } from './home.ts'
import { plainWords } from './plain-words.ts'
import { startThreadsFor } from './threads-ahead.ts'

/** Commands of which the memory they hold matters more than how often it is tidied. */
const HOLDS_MUCH = new Set(
  'add commit cherry-pick du import merge mv rebase reset restore revert rm stash switch'.split(' '),
)
/** Commands that a person begins with. */
const BEGINS = new Set(['init', 'clone'])
const OLDEST = [22, 15] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(`Error: floe needs Node ${OLDEST.join('.')} or newer; this is Node ${process.versions.node}\n`)
  process.exitCode = 2
} else {
  // Compiled code is kept between runs: that takes a tenth to a fifth off the start. Only in a data directory that is there
  // already, or where somebody begins to use Floe: asking for the version writes nothing into a new home.
  const home = floeHome(process.env)
  if (BEGINS.has(process.argv[2] ?? '')) makeHome(home)
  const holdsMuch = HOLDS_MUCH.has(process.argv[2] ?? '')
  // Such code holds for the flags of V8 it was made with: two sets of flags in one folder would throw each other's away.
  if (existsSync(home)) module.enableCompileCache?.(join(home, holdsMuch ? 'compiled-steady' : 'compiled'))
  // Of a million files these would let garbage grow to a hundred megabytes before anyone looks at it.
  if (holdsMuch) process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1')
  const argv = process.argv.slice(2)
  // Where that folder is gone, who needs one says so; help needs none.
  const cwd = currentDirectory() ?? enterNamed(argv)
  if (cwd !== undefined) startThreadsFor(argv, cwd)
  const plain = plainWords(argv)
  process.exitCode = plain
    ? await (await import('./plain-main.ts')).plainMain(plain, argv)
    : await (await import('./main.ts')).main(argv)
}

/** Node starts no thread in a folder that is gone, so the program goes to the one that `-C` names.
 *  @returns undefined if there is none */
function enterNamed(argv: readonly string[]): string | undefined {
  const at = argv.indexOf('-C')
  const named = at < 0 ? '' : (argv[at + 1] ?? '')
  try {
    if (isAbsolute(named)) process.chdir(named)
  } catch {
    // Whoever looks for a workspace in it says so.
  }
  return currentDirectory()
}

/** For its owner alone: keys will lie there too. */
function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
  } catch {
    // Then nothing is kept; who needs the folder says why it cannot be made.
  }
}
