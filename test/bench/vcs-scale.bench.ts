/** A million files: looking for changes beside git, one changed file, gc and fsck over as many objects.
 *
 *  FLOE_BENCH_SCALE_FILES (1000000) and FLOE_BENCH_ROUNDS (5) make it smaller; files lie in FLOE_BENCH_DIR or the system's
 *  temporary folder. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, table } from './measure.ts'
import type { Bench } from './run.ts'
import { writeManyFiles } from './vcs-corpus.ts'
import { buildFloe, cleanEnv, floeEmptyCommit, floeTool, gitTool, type Place, type Timed, timed } from './vcs-tools.ts'

const fileCount = Number(process.env.FLOE_BENCH_SCALE_FILES ?? 1_000_000)
const roundCount = Number(process.env.FLOE_BENCH_ROUNDS ?? 5)
const seconds = (ms: number) => (ms / 1000).toFixed(2)
const wall = (runs: readonly Timed[]) => median(runs.map(({ wallMs }) => wallMs))

function row(name: string, runs: readonly Timed[], note = ''): (string | number)[] {
  const cpu = median(runs.map(({ cpuMs }) => cpuMs))
  const peak = Math.max(...runs.map(({ peakBytes }) => peakBytes))
  return [name, seconds(wall(runs)), seconds(cpu), Math.round(peak / 2 ** 20), note]
}

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
    try {
      return measure(dir, log)
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  },
}

function measure(dir: string, log: (line: string) => void): string {
  const env = cleanEnv(join(dir, 'home'))
  const program = buildFloe()
  const files = join(dir, 'files')
  mkdirSync(files)
  log(`making ${fileCount} files`)
  writeManyFiles(files, fileCount)
  const floe = floeTool(program, env)
  const git = gitTool(env, false)
  const floePlace: Place = { files, store: join(dir, 'floe') }
  const gitPlace: Place = { files, store: join(dir, 'git') }
  floe.create(floePlace)
  git.create(gitPlace)
  const first = floe.commit(floePlace)
  log(`floe: first commit ${seconds(first.wallMs)} s`)
  const gitFirst = git.commit(gitPlace)
  log(`git: first commit ${seconds(gitFirst.wallMs)} s`)
  // The first ones write down what they have learned.
  for (let i = 0; i < 2; i++)
    for (const [tool, place] of [
      [floe, floePlace],
      [git, gitPlace],
    ] as const)
      tool.status!(place)
  const floeStatus: Timed[] = []
  const gitStatus: Timed[] = []
  const emptyCommit: Timed[] = []
  for (let round = 0; round < roundCount; round++) {
    floeStatus.push(floe.status!(floePlace))
    gitStatus.push(git.status!(gitPlace))
    emptyCommit.push(floeEmptyCommit(program, env, floePlace))
    log(
      `  round ${round + 1}: floe ${seconds(floeStatus.at(-1)!.wallMs)} s, git ${seconds(gitStatus.at(-1)!.wallMs)} s`,
    )
  }
  const run = (...words: string[]) => timed([...program, ...words], { cwd: files, env })
  const changes: Timed[] = []
  const diffs: Timed[] = []
  let addedBytes = 0
  for (let round = 0; round < roundCount; round++) {
    writeFileSync(join(files, 'd0000/f123.txt'), `changed ${round}\n`)
    floe.status!(floePlace)
    const before = packBytes(files)
    changes.push(run('commit', '-a', '--no-provenance', '-m', `change ${round}`))
    addedBytes = packBytes(files) - before
    diffs.push(run('diff', 'HEAD~1', 'HEAD', '--name-only'))
  }
  const gc = run('gc', '--dry-run')
  const fsck = run('fsck')
  const rows = [
    row('floe, first commit', [first]),
    row('git, first commit', [gitFirst]),
    row('floe status, nothing changed', floeStatus, `${(wall(floeStatus) / wall(gitStatus)).toFixed(2)} × git status`),
    row('git status', gitStatus),
    row(
      'floe commit -a, nothing changed',
      emptyCommit,
      `${(wall(emptyCommit) / wall(floeStatus)).toFixed(2)} × floe status`,
    ),
    row('floe commit -a, one file changed', changes, `${Math.round(addedBytes / 1000)} KB more in packs`),
    row('floe diff of the two versions', diffs),
    row('floe gc --dry-run', [gc]),
    row('floe fsck', [fsck]),
  ]
  execFileSync('sync')
  return `${fileCount} files.\n\n${table(['', 'wall, s', 'processor, s', 'peak, MiB', ''], rows)}`
}
