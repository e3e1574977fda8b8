/** Floe against the version control and backup tools that people use now: the same files, in the same run, in turns.
 *
 *  FLOE_BENCH_MB (256), FLOE_BENCH_FILES (50000) and FLOE_BENCH_ROUNDS (5) make it smaller; FLOE_BENCH_ONLY=A,B,C picks
 *  corpora. No round is begun after FLOE_BENCH_MINUTES (18), which the corpora share; each has at least one. Files lie in
 *  FLOE_BENCH_DIR or the system's temporary folder. The large scale is `npm run bench -- vcs-scale`. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, table } from './measure.ts'
import type { Bench } from './run.ts'
import { CHANGES, writeBigFiles, writeSmallFiles, writeStructured } from './vcs-corpus.ts'
import {
  availableTools,
  buildFloe,
  cleanEnv,
  floeEmptyCommit,
  type Place,
  type Timed,
  type Tool,
  timed,
  timedPlain,
} from './vcs-tools.ts'

const fileBytes = Number(process.env.FLOE_BENCH_MB ?? 256) * 2 ** 20
const fileCount = Number(process.env.FLOE_BENCH_FILES ?? 50_000)
const roundCount = Number(process.env.FLOE_BENCH_ROUNDS ?? 5)
const only = process.env.FLOE_BENCH_ONLY?.split(',')
const limitMs = Number(process.env.FLOE_BENCH_MINUTES ?? 18) * 60_000
const SWITCHED_FILES = 100

interface Run {
  log(line: string): void
  dir: string
  program: readonly string[]
  env: NodeJS.ProcessEnv
  tools: readonly Tool[]
}

interface Corpus {
  name: string
  what: string
  /** Tools that are left out, and why. */
  without: Readonly<Record<string, string>>
  make(dir: string): void
}

const CORPORA: readonly Corpus[] = [
  {
    name: 'A',
    what: `2 checkpoints of noise, a JSONL and a CSV of ${Math.round(fileBytes / 2 ** 20)} MiB each`,
    without: { git: 'nobody keeps such files in it without one of the others' },
    make: (dir) => writeBigFiles(dir, fileBytes),
  },
  {
    name: 'B',
    what: `${fileCount} files of 1 to 7 KB of noise`,
    without: { 'git-annex': '74 s for 3,000 of them', 'git-lfs': 'twice the time of git' },
    make: (dir) => writeSmallFiles(dir, fileCount),
  },
  {
    name: 'C',
    what: `bf16 weights, ${Math.floor(fileBytes / 2 / 50_000)} JSON files, a Parquet file of 100 columns`,
    without: { git: 'as for A', 'git-annex': 'as for B' },
    make: (dir) => writeStructured(dir, fileBytes / 2),
  },
]

type Samples = { commit: Timed[]; again: Timed[]; status: Timed[]; emptyCommit: Timed[]; bytes: number }

export const bench: Bench = {
  title: 'Version control: floe, git, git-lfs, git-annex, restic, borg',
  async run(log) {
    const dir = mkdtempSync(join(process.env.FLOE_BENCH_DIR ?? tmpdir(), 'floe-vcs-'))
    try {
      const env = cleanEnv(join(dir, 'home'))
      const program = buildFloe()
      const { tools, versions, missing } = availableTools(program, env)
      const run: Run = { log, dir, program, env, tools }
      const notHere = missing.length > 0 ? `Not on this machine, and not measured: ${missing.join(', ')}.` : ''
      const sections = [`Peers: ${versions.join('; ')}. ${notHere}`.trim()]
      log(sections[0]!)
      const chosen = CORPORA.filter(({ name }) => !only || only.includes(name))
      if (chosen.length === 0) throw new Error(`there is no corpus ${only}`)
      const startMs = performance.now()
      for (const [index, corpus] of chosen.entries()) {
        const leftMs = limitMs - (performance.now() - startMs)
        sections.push(measureCorpus(run, corpus, performance.now() + leftMs / (chosen.length - index)))
      }
      return sections.join('\n\n')
    } finally {
      execFileSync('chmod', ['-R', 'u+w', dir])
      rmSync(dir, { recursive: true, force: true })
    }
  },
}

/** @param untilMs - no round begins after that, but the first */
function measureCorpus(run: Run, corpus: Corpus, untilMs: number): string {
  const files = join(run.dir, corpus.name)
  mkdirSync(files)
  run.log(`making corpus ${corpus.name}: ${corpus.what}`)
  corpus.make(files)
  const tools = run.tools.filter(({ name }) => corpus.without[name] === undefined)
  const leftOut = Object.entries(corpus.without).map(([name, why]) => `${name} (${why})`)
  const samples = new Map<string, Samples>(
    tools.map(({ name }) => [name, { commit: [], again: [], status: [], emptyCommit: [], bytes: 0 }]),
  )
  const placeOf = (tool: Tool): Place => ({ files, store: join(run.dir, 'stores', tool.name) })
  mkdirSync(join(run.dir, 'stores'), { recursive: true })
  warm(files)
  const plain: Timed[] = []
  const start: Timed[] = []
  const loadBefore = loadavg()[0]!
  let round = 0
  for (; round < roundCount && (round === 0 || performance.now() < untilMs); round++) {
    for (const tool of tools) measureTool(run, tool, placeOf(tool), samples.get(tool.name)!)
    warm(files)
    const once = timedPlain(run.program, run.env, { files, store: join(run.dir, 'plain') })
    if (once) plain.push(once)
    start.push(timed([run.program[0]!, '-e', '0'], { cwd: files, env: run.env }))
  }
  const loads = [loadBefore, loadavg()[0]!].map((load) => load.toFixed(1))
  const how = `Medians of ${round}, ratios within each round; load average ${loads[0]} before and ${loads[1]} at the end, of which 1 to 2 is the bench. Left out: ${leftOut.join(', ')}.`
  const parts = [`### Corpus ${corpus.name}: ${corpus.what}`, how, times(samples, plain, start)]
  if (corpus.name === 'A') parts.push(measureChanges(run, tools, placeOf, files))
  if (corpus.name === 'B') parts.push(measureSwitch(run, tools, placeOf, files))
  rmSync(files, { recursive: true, force: true })
  return parts.join('\n\n')
}

/** Everything into the page cache, everything written so far onto the disk. */
function warm(files: string): void {
  execFileSync('sh', ['-c', `find '${files}' -type f -print0 | xargs -0 cat > /dev/null; sync`])
}

function measureTool(run: Run, tool: Tool, place: Place, samples: Samples): void {
  tool.create(place)
  // Each time: a system may drop what nobody has read for a minute, and the first tool of a round would fetch it for all.
  warm(place.files)
  samples.commit.push(tool.commit(place))
  samples.bytes = tool.storeBytes(place)
  execFileSync('sync')
  if (tool.status) {
    tool.status(place) // git writes what it learned with the first one
    samples.status.push(tool.status(place))
  }
  if (tool.name === 'floe') samples.emptyCommit.push(floeEmptyCommit(run.program, run.env, place))
  else if (!tool.status) samples.again.push(tool.commit(place))
  tool.remove(place)
  const { wallMs, cpuMs, peakBytes } = samples.commit.at(-1)!
  run.log(
    `  ${tool.name}: ${seconds(wallMs)} s, ${seconds(cpuMs)} s of processor, ${Math.round(peakBytes / 2 ** 20)} MiB`,
  )
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2)
}

const wall = (runs: readonly Timed[]) => median(runs.map(({ wallMs }) => wallMs))
const cpuMedian = (runs: readonly Timed[]) => median(runs.map(({ cpuMs }) => cpuMs))
/** Median over the rounds of how many times as long the one took as the other. */
const ratio = (runs: readonly Timed[], base: readonly Timed[], of: (run: Timed) => number = ({ wallMs }) => wallMs) =>
  median(runs.map((run, round) => of(run) / of(base[round]!)))
const cell = (runs: readonly Timed[]) => (runs.length > 0 ? seconds(wall(runs)) : '–')

function times(samples: ReadonlyMap<string, Samples>, plain: readonly Timed[], start: readonly Timed[]): string {
  const floe = samples.get('floe')!
  const others = [...samples].filter(([name]) => name !== 'floe')
  const rows = [...samples].map(([name, { commit, again, status, emptyCommit, bytes }]) => [
    name,
    cell(commit),
    seconds(cpuMedian(commit)),
    ratio(commit, floe.commit).toFixed(2),
    cell(status),
    cell(emptyCommit.length > 0 ? emptyCommit : again),
    Math.round(
      Math.max(...[...commit, ...again, ...status, ...emptyCommit].map(({ peakBytes }) => peakBytes)) / 2 ** 20,
    ),
    (bytes / 1e6).toFixed(1),
  ])
  const git = samples.get('git')
  const verdicts = [
    ...(others.length > 0 ? againstPeers(floe, others) : ['No peer is here to compare with.']),
    ...(plain.length > 0 ? [besidePlain(floe, plain)] : []),
    `No-op commit: ${(wall(floe.emptyCommit) / wall(floe.status)).toFixed(2)} times \`status\`.`,
    ...(git
      ? [
          `\`floe status\`: ${(wall(floe.status) / wall(git.status)).toFixed(2)} times \`git status\`; Node alone starts and ends in ${(wall(start) / wall(git.status)).toFixed(2)} times that.`,
        ]
      : []),
  ]
  const head = [
    '',
    'first commit, s',
    'processor, s',
    'time ÷ floe',
    'status, s',
    'commit again, s',
    'peak, MiB',
    'store, MB',
  ]
  return `${table(head, rows)}\n\n${verdicts.map((line) => `- ${line}`).join('\n')}`
}

function againstPeers(floe: Samples, others: readonly [string, Samples][]): string[] {
  const fastest = others.reduce((a, b) => (wall(a[1].commit) < wall(b[1].commit) ? a : b))
  const leanest = others.reduce((a, b) => (cpuMedian(a[1].commit) < cpuMedian(b[1].commit) ? a : b))
  const smallest = others.reduce((a, b) => (a[1].bytes < b[1].bytes ? a : b))
  const processor = ratio(floe.commit, leanest[1].commit, ({ cpuMs }) => cpuMs)
  return [
    `First commit: ${ratio(fastest[1].commit, floe.commit).toFixed(2)} times as fast as the fastest peer (${fastest[0]}); processor time ${processor.toFixed(2)} of the leanest peer's (${leanest[0]}).`,
    `Base size: ${(floe.bytes / smallest[1].bytes).toFixed(3)} of the smallest peer (${smallest[0]}).`,
  ]
}

/** What `vcs-plain.ts` took. */
function besidePlain(floe: Samples, plain: readonly Timed[]): string {
  return `The plainest program on Node, two threads that list, read, hash, compress and write and know nothing afterwards: ${seconds(wall(plain))} s, ${seconds(cpuMedian(plain))} s of processor; floe takes ${ratio(floe.commit, plain).toFixed(2)} times as long.`
}

/** A property of formats, so once is enough, but for restic: each of its stores cuts by a polynomial that was drawn for it.
 *  Its numbers are medians of several stores. */
function measureChanges(run: Run, tools: readonly Tool[], placeOf: (tool: Tool) => Place, files: string): string {
  const chunking = tools
    .filter(({ name }) => ['floe', 'restic', 'borg'].includes(name))
    .map((tool) => {
      const { store } = placeOf(tool)
      const count = tool.name === 'restic' ? roundCount : 1
      return { tool, places: Array.from({ length: count }, (_, i): Place => ({ files, store: `${store}-${i}` })) }
    })
  for (const { tool, places } of chunking)
    for (const place of places) {
      tool.create(place)
      tool.commit(place)
    }
  const rows = CHANGES.map(({ name, apply }) => {
    run.log(`  change: ${name}`)
    apply(files, fileBytes)
    const added = chunking.map(({ tool, places }) =>
      median(
        places.map((place) => {
          const before = tool.storeBytes(place)
          tool.commit(place)
          return tool.storeBytes(place) - before
        }),
      ),
    )
    const peers = added.slice(1)
    const share = peers.length > 0 ? (added[0]! / Math.min(...peers)).toFixed(2) : '–'
    return [name, ...added.map((bytes) => (bytes / 1e6).toFixed(3)), share]
  })
  for (const { tool, places } of chunking) for (const place of places) tool.remove(place)
  const head = chunking.map(({ tool, places }) =>
    places.length > 1 ? `${tool.name}, median of ${places.length} stores` : tool.name,
  )
  return `Bytes added, MB:\n\n${table(['change', ...head, 'floe ÷ best'], rows)}`
}

function measureSwitch(run: Run, tools: readonly Tool[], placeOf: (tool: Tool) => Place, files: string): string {
  const able = tools.filter((tool) => tool.switchTo && tool.name !== 'git-lfs')
  const rows = able.map((tool) => {
    const place = placeOf(tool)
    tool.create(place)
    tool.commit(place)
    tool.mark!(place, 'old')
    writeSmallFiles(files, fileCount, SWITCHED_FILES)
    tool.commit(place)
    tool.mark!(place, 'new')
    const runs: Timed[] = []
    for (let round = 0; round < roundCount; round++)
      for (const version of ['old', 'new'] as const) runs.push(tool.switchTo!(place, version))
    tool.switchTo!(place, 'old')
    tool.remove(place)
    run.log(`  ${tool.name}: switch ${seconds(wall(runs))} s`)
    return [tool.name, seconds(wall(runs)), Math.round(Math.max(...runs.map(({ peakBytes }) => peakBytes)) / 2 ** 20)]
  })
  return `Switch between two versions that differ in ${SWITCHED_FILES} files:\n\n${table(['', 'switch, s', 'peak, MiB'], rows)}`
}
