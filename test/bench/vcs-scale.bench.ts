/** Many files: looking for changes beside git, over 50,000 files and over a million; one changed file, gc, fsck and memory
 *  at a million; a tree of ten million paths and a store of a hundred thousand packs.
 *
 *  FLOE_BENCH_SCALE_FILES (1000000), FLOE_BENCH_SMALL_FILES (50000), FLOE_BENCH_SCALE_PATHS (10000000),
 *  FLOE_BENCH_SCALE_PACKS (100000), FLOE_BENCH_ROUNDS (5) and FLOE_BENCH_SCALE_ROUNDS (3) make it smaller; files lie in
 *  FLOE_BENCH_DIR or the system's temporary folder. FLOE_BENCH_SYNTHETIC names a folder that `vcs-synthetic.ts` has made and
 *  indexed already. */

import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, table } from './measure.ts'
import type { Bench } from './run.ts'
import { manyFile, writeManyFiles, writeSmallFiles } from './vcs-corpus.ts'
import {
  buildFloe,
  builtWith,
  cleanEnv,
  floeEmptyCommit,
  floeTool,
  gitTool,
  type Place,
  type Timed,
  timed,
} from './vcs-tools.ts'

const setting = (name: string, fallback: number) => Number(process.env[name] ?? fallback)
const fileCount = setting('FLOE_BENCH_SCALE_FILES', 1_000_000)
const smallCount = setting('FLOE_BENCH_SMALL_FILES', 50_000)
const pathCount = setting('FLOE_BENCH_SCALE_PATHS', 10_000_000)
const packCount = setting('FLOE_BENCH_SCALE_PACKS', 100_000)
const roundCount = setting('FLOE_BENCH_ROUNDS', 5)
const scaleRoundCount = setting('FLOE_BENCH_SCALE_ROUNDS', 3)
/** Files of B that differ between the versions that are switched. */
const SWITCHED = 100

const seconds = (ms: number) => (ms / 1000).toFixed(2)
const wall = (runs: readonly Timed[]) => median(runs.map(({ wallMs }) => wallMs))
const cpu = (runs: readonly Timed[]) => median(runs.map(({ cpuMs }) => cpuMs))
type Row = (string | number)[]

function row(name: string, runs: readonly Timed[], note = ''): Row {
  const peak = Math.max(...runs.map(({ peakBytes }) => peakBytes))
  return [name, seconds(wall(runs)), seconds(cpu(runs)), Math.round(peak / 2 ** 20), note]
}

const HEAD = ['', 'wall, s', 'processor, s', 'peak, MiB', '']
const times = (a: readonly Timed[], b: readonly Timed[], what: string) =>
  `${(wall(a) / wall(b)).toFixed(2)} × ${what} (processor time ${(cpu(a) / cpu(b)).toFixed(2)} ×)`

/** Packs alone: the merged index beside them is a cache. */
function packBytes(files: string): number {
  const packs = join(files, '.floe/packs')
  return readdirSync(packs)
    .filter((name) => name.endsWith('.pack'))
    .reduce((sum, name) => sum + statSync(join(packs, name)).size, 0)
}

export const bench: Bench = {
  title: 'Version control: many files',
  async run(log) {
    const dir = mkdtempSync(join(process.env.FLOE_BENCH_DIR ?? tmpdir(), 'floe-vcs-scale-'))
    const env = cleanEnv(join(dir, 'home'))
    const program = buildFloe()
    try {
      const tools: Tools = { dir, env, program, log }
      const small = measureSmall(tools)
      const million = measureMillion(tools)
      const made = measureSynthetic(tools)
      return [
        `Load average at the end: ${loadavg()
          .map((load) => load.toFixed(1))
          .join(
            ', ',
          )} (1, 5 and 15 minutes). ${roundCount} rounds over ${smallCount} files, ${scaleRoundCount} over ${fileCount}, git and floe taking turns, medians.`,
        small,
        million,
        made,
      ].join('\n\n')
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  },
}

interface Tools {
  dir: string
  env: NodeJS.ProcessEnv
  program: readonly string[]
  log(line: string): void
}

interface Looks {
  floe: Timed[]
  git: Timed[]
  empty: Timed[]
}

/** Status of both and an empty commit, in turns. */
function look({ env, program, log }: Tools, floePlace: Place, gitPlace: Place, rounds: number): Looks {
  const floe = floeTool(program, env)
  const git = gitTool(env, false)
  // The first ones write down what they have learned.
  for (let i = 0; i < 2; i++) floe.status!(floePlace)
  git.status!(gitPlace)
  const looks: Looks = { floe: [], git: [], empty: [] }
  for (let round = 0; round < rounds; round++) {
    looks.floe.push(floe.status!(floePlace))
    looks.git.push(git.status!(gitPlace))
    looks.empty.push(floeEmptyCommit(program, env, floePlace))
    log(
      `  round ${round + 1}: floe ${seconds(looks.floe.at(-1)!.wallMs)} s, git ${seconds(looks.git.at(-1)!.wallMs)} s`,
    )
  }
  return looks
}

const lookRows = ({ floe, git, empty }: Looks): Row[] => [
  row('floe status, nothing changed', floe, times(floe, git, 'git status')),
  row('git status', git),
  row('floe commit -a, nothing changed', empty, times(empty, floe, 'floe status')),
]

/** Corpus B. */
function measureSmall(tools: Tools): string {
  const { dir, env, program, log } = tools
  const files = join(dir, 'small')
  mkdirSync(files)
  log(`making ${smallCount} files of 1 to 7 KB`)
  writeSmallFiles(files, smallCount)
  const floe = floeTool(program, env)
  const git = gitTool(env, false)
  const floePlace: Place = { files, store: join(dir, 'small-floe') }
  const gitPlace: Place = { files, store: join(dir, 'small-git') }
  floe.create(floePlace)
  git.create(gitPlace)
  const first = floe.commit(floePlace)
  git.commit(gitPlace)
  const looks = look(tools, floePlace, gitPlace, roundCount)
  floe.mark!(floePlace, 'old')
  writeSmallFiles(files, smallCount, SWITCHED)
  floe.commit(floePlace)
  floe.mark!(floePlace, 'new')
  for (let i = 0; i < 2; i++) floe.status!(floePlace)
  const switches: Timed[] = []
  for (let round = 0; round < roundCount; round++) {
    switches.push(floe.switchTo!(floePlace, 'old'))
    switches.push(floe.switchTo!(floePlace, 'new'))
  }
  rmSync(files, { recursive: true })
  rmSync(gitPlace.store, { recursive: true })
  const rows = [
    row('floe, first add and commit', [first]),
    ...lookRows(looks),
    row(`floe switch, ${SWITCHED} files differ`, switches),
  ]
  return `### B: ${smallCount} files of 1 to 7 KB\n\n${table(HEAD, rows)}`
}

function measureMillion(tools: Tools): string {
  const { dir, env, program, log } = tools
  const files = join(dir, 'files')
  mkdirSync(files)
  log(`making ${fileCount} files`)
  writeManyFiles(files, fileCount)
  const floePlace: Place = { files, store: join(dir, 'floe') }
  const gitPlace: Place = { files, store: join(dir, 'git') }
  floeTool(program, env).create(floePlace)
  const run = (...words: string[]) => timed([...program, ...words], { cwd: files, env })
  const add = run('add', '-A')
  const commit = run('commit', '--no-provenance', '-m', 'version')
  log(`floe: first add ${seconds(add.wallMs)} s, commit ${seconds(commit.wallMs)} s`)
  importIntoGit(gitPlace, env)
  log('git has them too')
  const looks = look(tools, floePlace, gitPlace, scaleRoundCount)
  const changes: Timed[] = []
  const diffs: Timed[] = []
  const scans: Timed[] = []
  let addedBytes = 0
  for (let round = 0; round < scaleRoundCount; round++) {
    writeFileSync(join(files, manyFile(123)), `changed ${round}\n`)
    scans.push(run('status'))
    const before = packBytes(files)
    changes.push(run('commit', '-a', '--no-provenance', '-m', `change ${round}`))
    addedBytes = packBytes(files) - before
    diffs.push(run('diff', 'HEAD~1', 'HEAD', '--name-only'))
  }
  const gc = run('gc', '--dry-run')
  const fsck = run('fsck')
  const start = Array.from({ length: scaleRoundCount }, () => run('--version'))
  const afterScan = seconds(wall(changes) - wall(scans))
  const rows = [
    row('floe, first add', [add]),
    row('floe, first commit', [commit]),
    ...lookRows(looks),
    row('floe status, one file changed', scans),
    row(
      'floe commit -a, one file changed',
      changes,
      `${afterScan} s more than that status; ${Math.round(addedBytes / 1000)} KB more in packs`,
    ),
    row('floe diff of the two versions', diffs, `of which ${seconds(wall(start))} s start the program`),
    row('floe gc --dry-run', [gc], 'once'),
    row('floe fsck', [fsck], 'once'),
  ]
  return `### ${fileCount} files of a few bytes\n\n${table(HEAD, rows)}\n\ngit got its version by \`fast-import\`, as one pack, since a million loose objects are another matter.`
}

/** A version of the same files, read into the index, with their stats. */
function importIntoGit(place: Place, env: NodeJS.ProcessEnv): void {
  gitTool(env, false).create(place)
  const own = { ...env, GIT_DIR: join(place.store, '.git'), GIT_WORK_TREE: place.files }
  const stream = join(place.store, 'stream')
  const out = openSync(stream, 'w')
  writeSync(out, 'commit refs/heads/master\ncommitter Bench <bench@example.org> 1700000000 +0000\ndata 1\na\n')
  for (let i = 0; i < fileCount; ) {
    const lines: string[] = []
    for (const end = Math.min(i + 10_000, fileCount); i < end; i++) {
      const contents = `${i}\n`
      lines.push(`M 100644 inline ${manyFile(i)}\ndata ${contents.length}\n${contents}\n`)
    }
    writeSync(out, lines.join(''))
  }
  closeSync(out)
  const input = openSync(stream, 'r')
  execFileSync('git', ['fast-import', '--quiet'], { env: own, cwd: place.files, stdio: [input, 'ignore', 'inherit'] })
  closeSync(input)
  rmSync(stream)
  execFileSync('git', ['symbolic-ref', 'HEAD', 'refs/heads/master'], { env: own, cwd: place.files })
  execFileSync('git', ['read-tree', 'HEAD'], { env: own, cwd: place.files })
  execFileSync('git', ['update-index', '-q', '--refresh'], { env: own, cwd: place.files })
}

interface Uses {
  openMs: number
  lookUpMs: number
  diffMs: number
  packsMs: number
}

function measureSynthetic({ dir, env, program, log }: Tools): string {
  const synthetic = builtWith(program, 'vcs-synthetic') ?? fileURLToPath(new URL('vcs-synthetic.ts', import.meta.url))
  const ready = process.env.FLOE_BENCH_SYNTHETIC
  const at = ready ?? join(dir, 'synthetic')
  if (!ready) log(`making a tree of ${pathCount} paths and ${packCount} packs`)
  const make = ready
    ? { status: 0 }
    : spawnSync(process.execPath, [synthetic, 'make', at, String(pathCount), String(packCount)], {
        stdio: 'inherit',
      })
  if (make.status !== 0) throw new Error('the synthetic tree was not made')
  const step = (verb: string) => timed([process.execPath, synthetic, verb, at], { cwd: dir, env })
  const index = ready ? undefined : step('index')
  const uses: Timed[] = []
  const inside: Uses[] = []
  for (let round = 0; round < scaleRoundCount; round++) {
    uses.push(step('use'))
    const { stdout } = spawnSync(process.execPath, [synthetic, 'use', at], { encoding: 'utf8' })
    inside.push(JSON.parse(stdout) as Uses)
  }
  if (!ready) rmSync(at, { recursive: true })
  const ms = (pick: (use: Uses) => number) => `${Math.round(median(inside.map(pick)))} ms`
  const rows = [
    ...(index ? [row('the packs are taken into the merged index', [index])] : []),
    row('the whole process that opens, looks up and compares', uses),
  ]
  return [
    `### A tree of ${pathCount} paths in a store of ${packCount} packs`,
    table(HEAD, rows),
    `Within that process: opened ${ms(({ openMs }) => openMs)}, 1,000 random paths looked up ${ms(({ lookUpMs }) => lookUpMs)}, two versions that differ in 100 paths compared ${ms(({ diffMs }) => diffMs)}, an object of each of 1,000 random packs read ${ms(({ packsMs }) => packsMs)}.`,
  ].join('\n\n')
}
