/** The rivals of the version-control bench, each as command lines over one folder of files. What a tool keeps lies outside
 *  that folder where the tool allows, so that all of them read the same files. */

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Timed {
  wallMs: number
  /** User and system time of all its processes. */
  cpuMs: number
  /** Largest resident set of one of its processes, in bytes. */
  peakBytes: number
}

export interface Tool {
  readonly name: string
  /** False if it moves the user's files into its own store: it then works on a copy. */
  readonly sharesFiles: boolean
  /** Makes an empty store. */
  create(place: Place): void
  /** Stores everything as a new version. */
  commit(place: Place): Timed
  /** Looks for changes where there are none; undefined if the tool has no such command. */
  status?(place: Place): Timed
  /** Goes to the version before the newest, or back; undefined if it keeps no files of versions apart. */
  switchTo?(place: Place, version: 'old' | 'new'): Timed
  /** Marks the newest version as old or new, for `switchTo`. */
  mark?(place: Place, version: 'old' | 'new'): void
  /** Bytes on disk that its store takes. */
  storeBytes(place: Place): number
  /** Removes its store. */
  remove(place: Place): void
}

export interface Place {
  /** The files. */
  files: string
  /** Where the tool may keep its own. */
  store: string
}

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** An environment without the user's configuration. */
export function cleanEnv(home: string): NodeJS.ProcessEnv {
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, '.gitconfig'), '[user]\n\tname = Bench\n\temail = bench@example.org\n[gc]\n\tauto = 0\n')
  return {
    PATH: process.env.PATH,
    HOME: home,
    FLOE_HOME: join(home, 'floe'),
    GIT_CONFIG_NOSYSTEM: '1',
    RESTIC_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: join(home, 'restic-cache'),
    BORG_BASE_DIR: join(home, 'borg'),
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
    LC_ALL: 'C.UTF-8',
  }
}

/** No command of any tool takes this long on the corpora; one that hangs must not hang the bench. */
const MAX_COMMAND_MS = 10 * 60_000

/** Runs a command under GNU time.
 *  @param expected - exit statuses that are fine
 *  @param limitMs - after which it is taken to hang */
export function timed(
  command: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; expected?: readonly number[]; limitMs?: number },
): Timed {
  const report = join(options.env.HOME!, `time-${process.pid}`)
  const start = performance.now()
  const { status, stderr, error } = spawnSync('/usr/bin/time', ['-q', '-f', '%U %S %M', '-o', report, ...command], {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 1 << 26,
    timeout: options.limitMs ?? MAX_COMMAND_MS,
  })
  const wallMs = performance.now() - start
  if (error) throw error
  if (!(options.expected ?? [0]).includes(status ?? -1))
    throw new Error(`${command.join(' ')} ended with ${status}: ${stderr.toString().slice(-2000)}`)
  const [user = 0, system = 0, peakKib = 0] = readFileSync(report, 'utf8').trim().split(/\s+/).map(Number)
  rmSync(report)
  return { wallMs, cpuMs: (user + system) * 1000, peakBytes: peakKib * 1024 }
}

/** Programs of the bench that are built with ours: what Node needs to read TypeScript is no part of what is measured. */
const BUILT_WITH = ['vcs-plain', 'vcs-synthetic'] as const

/** Where `buildFloe` put it; undefined beside a program that was built elsewhere. */
export function builtWith(program: readonly string[], name: (typeof BUILT_WITH)[number]): string | undefined {
  const path = join(dirname(program[1]!), '..', `bench/${name}.js`)
  return existsSync(path) ? path : undefined
}

/** Runs `vcs-plain.ts`, built by `buildFloe`; undefined beside a program that was built elsewhere. */
export function timedPlain(
  program: readonly string[],
  env: NodeJS.ProcessEnv,
  { files, store }: Place,
): Timed | undefined {
  const plain = builtWith(program, 'vcs-plain')
  if (!plain) return undefined
  mkdirSync(store, { recursive: true })
  const run = timed([program[0]!, plain, files, join(store, 'packs')], { cwd: files, env })
  rmSync(store, { recursive: true })
  return run
}

/** Builds the program as it is published, beside the dependencies it needs; FLOE_BENCH_PROGRAM names a built one instead.
 *  @returns the command that starts it */
export function buildFloe(): string[] {
  const built = process.env.FLOE_BENCH_PROGRAM
  if (built) return [process.execPath, built]
  const target = join(repository, 'node_modules/.cache/floe-bench')
  mkdirSync(target, { recursive: true })
  const more = BUILT_WITH.map((name) => `bench/${name}=test/bench/${name}.ts`)
  execFileSync(process.execPath, [join(repository, '.ci/build.ts'), join(target, 'dist'), ...more], {
    stdio: 'inherit',
  })
  writeFileSync(join(target, 'package.json'), readFileSync(join(repository, 'package.json')))
  return [process.execPath, join(target, 'dist/cli/bin.js')]
}

export function diskBytes(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return 0
  if (!found.isDirectory()) return found.size
  let sum = 0
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name)).size
  return sum
}

/** First line of what a command says of its version; undefined if it is not there. */
function versionOf(command: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' })
  return status === 0 ? stdout.trim().split('\n')[0] : undefined
}

/** Two steps as one command, so that both are timed together. */
function both(first: readonly string[], second: readonly string[]): string[] {
  const quote = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ')
  return ['sh', '-c', `${quote(first)} && ${quote(second)}`]
}

export function floeTool(program: readonly string[], env: NodeJS.ProcessEnv): Tool {
  const at = (place: Place) => ({ cwd: place.files, env })
  return {
    name: 'floe',
    sharesFiles: true,
    create: (place) => {
      timed([...program, 'init'], at(place))
      timed([...program, 'config', 'set', 'user.name', 'Bench'], at(place))
    },
    commit: (place) => timed([...program, 'commit', '-A', '--no-provenance', '-m', 'version'], at(place)),
    status: (place) => timed([...program, 'status'], at(place)),
    mark: (place, version) => void timed([...program, 'branch', version], at(place)),
    switchTo: (place, version) => timed([...program, 'switch', version], at(place)),
    storeBytes: (place) => diskBytes(join(place.files, '.floe/packs')),
    remove: (place) => rmSync(join(place.files, '.floe'), { recursive: true, force: true }),
  }
}

/** No-op `commit -a` of floe, which ends with 1 and "nothing to commit". */
export function floeEmptyCommit(program: readonly string[], env: NodeJS.ProcessEnv, place: Place): Timed {
  const command = [...program, 'commit', '-a', '--no-provenance', '-m', 'nothing']
  return timed(command, { cwd: place.files, env, expected: [1] })
}

export function gitTool(env: NodeJS.ProcessEnv, lfs: boolean): Tool {
  const own = (place: Place): { cwd: string; env: NodeJS.ProcessEnv } => ({
    cwd: place.files,
    env: { ...env, GIT_DIR: join(place.store, '.git'), GIT_WORK_TREE: place.files },
  })
  return {
    name: lfs ? 'git-lfs' : 'git',
    sharesFiles: true,
    create(place) {
      mkdirSync(place.store, { recursive: true })
      timed(['git', 'init', '-q'], own(place))
      writeFileSync(join(place.store, '.git/info/exclude'), '.floe\n')
      if (!lfs) return
      timed(['git', 'lfs', 'install', '--local'], own(place))
      writeFileSync(join(place.store, '.git/info/attributes'), '* filter=lfs diff=lfs merge=lfs -text\n')
    },
    commit: (place) => timed(both(['git', 'add', '-A'], ['git', 'commit', '-q', '-m', 'version']), own(place)),
    status: (place) => timed(['git', 'status', '--porcelain'], own(place)),
    mark: (place, version) => void timed(['git', 'branch', version], own(place)),
    switchTo: (place, version) => timed(['git', 'checkout', '-q', version], own(place)),
    storeBytes: (place) => diskBytes(join(place.store, '.git')),
    remove: (place) => rmSync(place.store, { recursive: true, force: true }),
  }
}

/** git-annex moves files into its store and leaves links behind: it gets a copy, made before the clock runs. */
export function annexTool(env: NodeJS.ProcessEnv): Tool {
  const at = (place: Place) => ({ cwd: place.store, env })
  return {
    name: 'git-annex',
    sharesFiles: false,
    create(place) {
      mkdirSync(dirname(place.store), { recursive: true })
      execFileSync('cp', ['-a', place.files, place.store])
      rmSync(join(place.store, '.floe'), { recursive: true, force: true })
      timed(['git', 'init', '-q'], at(place))
      timed(['git', 'annex', 'init', '-q', 'bench'], at(place))
    },
    commit: (place) =>
      timed(both(['git', 'annex', 'add', '-q', '.'], ['git', 'commit', '-q', '-m', 'version']), at(place)),
    status: (place) => timed(['git', 'status', '--porcelain'], at(place)),
    storeBytes: (place) => diskBytes(join(place.store, '.git')),
    remove(place) {
      spawnSync('chmod', ['-R', 'u+w', place.store], { stdio: 'ignore' })
      rmSync(place.store, { recursive: true, force: true })
    },
  }
}

export function resticTool(env: NodeJS.ProcessEnv): Tool {
  const at = (place: Place) => ({ cwd: place.files, env })
  return {
    name: 'restic',
    sharesFiles: true,
    create: (place) => void timed(['restic', 'init', '-q', '-r', place.store], at(place)),
    commit: (place) => timed(['restic', 'backup', '-q', '-r', place.store, '--exclude', '.floe', '.'], at(place)),
    storeBytes: (place) => diskBytes(place.store),
    remove: (place) => rmSync(place.store, { recursive: true, force: true }),
  }
}

let archives = 0

export function borgTool(env: NodeJS.ProcessEnv): Tool {
  const at = (place: Place) => ({ cwd: place.files, env })
  return {
    name: 'borg',
    sharesFiles: true,
    create: (place) => void timed(['borg', 'init', '-e', 'none', place.store], at(place)),
    commit: (place) =>
      timed(['borg', 'create', '--exclude', '.floe', `${place.store}::version-${archives++}`, '.'], at(place)),
    storeBytes: (place) => diskBytes(place.store),
    remove: (place) => rmSync(place.store, { recursive: true, force: true }),
  }
}

export interface Tools {
  /** Floe and the peers that this machine has. */
  tools: Tool[]
  /** What the peers say of themselves. */
  versions: string[]
  /** Names of those that are not here. */
  missing: string[]
}

export function availableTools(program: readonly string[], env: NodeJS.ProcessEnv): Tools {
  const peers: [tool: Tool, version: string | undefined][] = [
    [gitTool(env, false), versionOf('git', '--version')],
    [gitTool(env, true), versionOf('git', 'lfs', 'version')],
    [annexTool(env), versionOf('git-annex', 'version')],
    [resticTool(env), versionOf('restic', 'version')],
    [borgTool(env), versionOf('borg', '--version')],
  ]
  return {
    tools: [floeTool(program, env), ...peers.flatMap(([tool, version]) => (version ? [tool] : []))],
    versions: peers.flatMap(([, version]) => version ?? []),
    missing: peers.flatMap(([{ name }, version]) => (version ? [] : [name])),
  }
}
