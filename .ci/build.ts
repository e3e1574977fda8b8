/** Makes dist/, or the folder given: bundled JavaScript and its declarations, beside the WebAssembly kernels and the Move
 *  bytecode, which are loaded by URL.
 *
 *  Bundled because a command that reads 90 small modules spends most of its time finding and parsing them: see
 *  src/adr/0012-bundled-build.md for what that gained and what is copied into the bundle. */

import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
const out = process.argv[2] ?? 'dist'
/** More modules to bundle, as `place=file`: benches measure the program as it is published. */
const MORE_ENTRIES = process.argv.slice(3).map((entry) => entry.split('=') as [string, string])

/** Threads that are started for a second's work: each a file of its own, since to load what every command needs takes a
 *  thread longer than to read a thousand files. */
const LEAN_THREADS = [
  'worktree/read-worker',
  'worktree/survey-worker',
  'worktree/write-worker',
  'store/pack-check-worker',
  'chunking/worker',
  'erasure/worker',
]

/** Every file that something outside the bundle names: package.json, a Worker, a child process. */
const NODE_ENTRIES = [
  'index',
  'cli/bin',
  'localnet/index',
  ...filesNamedByUrl().filter((entry) => !LEAN_THREADS.includes(entry)),
]

/** Workers and processes: files that a module beside them names by URL, as `./worker.ts` in the sources. */
function filesNamedByUrl(): string[] {
  return globSync('src/*/*.ts').flatMap((file) => {
    const text = readFileSync(file, 'utf8')
    if (!text.includes('import.meta.url')) return []
    const names = [...text.matchAll(/(?<!from |import\()'\.\/([\w-]+)\.ts'/g)].map((match) => match[1]!)
    return names.map((name) => join(dirname(file), name).slice('src/'.length).split(sep).join('/'))
  })
}

/** Packages that nearly every command loads; small, and without dependencies of their own. Their licences go along. */
const BUNDLED_PACKAGES = ['commander', 'ignore', 'valibot', '@noble/hashes', '@oxc-project/runtime']

/** What commands that use the network load besides: a hundred and fifty small modules, of which a bundle keeps what is used. */
const NETWORK_PACKAGES = [
  '@mysten/bcs',
  '@mysten/sui',
  '@mysten/utils',
  '@noble/curves',
  '@protobuf-ts/grpcweb-transport',
  '@protobuf-ts/runtime',
  '@protobuf-ts/runtime-rpc',
  '@scure/base',
]

/** What `floe status` and `floe diff` load, found by walking the imports of what runs them. It is a file of its own: to read and
 *  compile the rest takes as long as to look at ten thousand files. */
const LEAN = modulesReachedFrom(['src/cli/plain-main.ts', 'src/cli/commands/status.ts', 'src/cli/commands/diff.ts'])

/** Files and packages that are loaded with these, not when they are asked for later. */
function modulesReachedFrom(files: readonly string[]): { files: Set<string>; packages: Set<string> } {
  const reached = { files: new Set(files.map((file) => join(root, file))), packages: new Set<string>() }
  for (const file of reached.files) {
    const text = readFileSync(file, 'utf8')
    for (const match of text.matchAll(/^(?:import|export) (?!type)[^;'"]*?from '([^']+)'/gm)) {
      const name = match[1]!
      if (name.startsWith('.')) reached.files.add(join(dirname(file), name))
      else if (BUNDLED_PACKAGES.some((bundled) => isOrIsIn(name, bundled))) reached.packages.add(name)
    }
  }
  return reached
}

function isOrIsIn(name: string, packageName: string): boolean {
  return name === packageName || name.startsWith(`${packageName}/`)
}

function isLean(id: string): boolean {
  return LEAN.files.has(id) || [...LEAN.packages].some((name) => id.startsWith(join(root, 'node_modules', name, sep)))
}

/** What nearly every command needs is one file. It takes in all that these modules import: nothing of the network stands there.
 *  A thread's own module must stay out of it, because it goes to work when it is loaded. */
const CORE = new RegExp(
  `node_modules/(${BUNDLED_PACKAGES.join('|')})/|src/(base|codec|objects|store|worktree|history)/(?![\\w-]*worker\\.ts)`,
)

/** What starts threads must be there before the rest is. */
const GROUPS = [
  {
    name: 'threads',
    test: /src\/(worktree\/(?:survey|read)-threads|cli\/home|base\/(?:current-directory|thread))\.ts/,
    priority: 3,
  },
  { name: 'lean', test: isLean, priority: 2 },
  { name: 'core', test: CORE, priority: 1 },
]

/** A module's own URL finds kernels, workers and templates from its place under src/; in a bundle it stands elsewhere, so the
 *  place is written in. Holds for every bundled file that stands exactly one folder below dist/. */
const keepModuleUrls: Plugin = {
  name: 'keep-module-urls',
  transform(code, id) {
    const place = relative(join(root, 'src'), id).split(sep).join('/').replace(/\.ts$/, '.js')
    if (place.startsWith('..') || !code.includes('import.meta.url')) return null
    return { code: code.replaceAll('import.meta.url', `new URL('../${place}', import.meta.url).href`), map: null }
  },
}

/** What Commander imports of Node and Floe does not want of it. It starts programs for commands that are files of their own:
 *  there are none, and the module costs 4 ms. To import `node:process` reads all that it exports, and so opens the three
 *  standard streams, for 3 ms; everybody has it without. */
const COMMANDER_IMPORTS: Readonly<Record<string, string>> = {
  "import childProcess from 'node:child_process';":
    "const childProcess = { spawn: (...a) => process.getBuiltinModule('node:child_process').spawn(...a) };",
  "import process from 'node:process';": '',
}
const commanderLater: Plugin = {
  name: 'commander-later',
  transform(code, id) {
    if (!id.endsWith('/commander/lib/command.js')) return null
    let changed = code
    for (const [found, instead] of Object.entries(COMMANDER_IMPORTS)) {
      if (!code.includes(found)) throw new Error(`commander has changed: ${found}`)
      changed = changed.replace(found, instead)
    }
    return { code: changed, map: null }
  },
}

const COPIED_PACKAGES = [...BUNDLED_PACKAGES, ...NETWORK_PACKAGES]

function isExternal(id: string): boolean {
  if (id.startsWith('.') || id.startsWith(root)) return false
  return !COPIED_PACKAGES.some((name) => isOrIsIn(id, name))
}

/** The library's entry is moved down one folder, for `keepModuleUrls`. */
function fromSource(entry: string): [string, string] {
  return [entry === 'index' ? 'lib/index' : entry, `src/${entry}.ts`]
}

/** @param entries - where each goes, without its ending, and what it is made from */
async function bundle(
  entries: readonly (readonly [string, string])[],
  options: { dir: string; external: (id: string) => boolean; sharesCore?: boolean },
) {
  const built = await rolldown({
    input: Object.fromEntries(entries),
    platform: 'node',
    // The oldest Node that is supported cannot read `using`; browsers of its age cannot either.
    transform: { target: 'node22.15' },
    external: options.external,
    plugins: [keepModuleUrls, commanderLater],
    onwarn(warning) {
      throw new Error(warning.message)
    },
  })
  await built.write({
    dir: options.dir,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    sourcemap: true,
    codeSplitting: options.sharesCore ? { groups: GROUPS } : true,
  })
}

/** Packages of one repository of which only the second carries the licence that both name. */
const LICENCE_OF: Readonly<Record<string, string>> = { '@mysten/bcs': '@mysten/sui', '@mysten/utils': '@mysten/sui' }

function writeLicences(): void {
  const texts = COPIED_PACKAGES.map((name) => {
    const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }
    const [file] = globSync(`node_modules/${LICENCE_OF[name] ?? name}/LICENSE*`)
    if (!file) throw new Error(`${name} is bundled and has no licence file`)
    return `${name} ${version}\n\n${readFileSync(file, 'utf8').trim()}\n`
  })
  writeFileSync(join(out, 'BUNDLED-LICENSES.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`))
}

rmSync(out, { recursive: true, force: true })
execFileSync(join('node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json', '--outDir', out], { stdio: 'inherit' })
await bundle([...NODE_ENTRIES.map(fromSource), ...MORE_ENTRIES], { dir: out, external: isExternal, sharesCore: true })
for (const thread of LEAN_THREADS) await bundle([fromSource(thread)], { dir: out, external: isExternal })
// A browser must be able to load all that its entry reaches, so it shares no file with the rest.
await bundle([fromSource('erasure/browser')], {
  dir: join(out, 'browser'),
  external: (id) => !id.startsWith('.') && !id.startsWith(root),
})
writeLicences()
for (const asset of globSync(['src/**/*.wasm', 'src/move/**/*.json'])) {
  const targets = [asset.replace(/^src/, out)]
  if (asset.startsWith('src/erasure/')) targets.push(asset.replace(/^src/, join(out, 'browser')))
  for (const target of targets) {
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(asset, target)
  }
}
chmodSync(join(out, 'cli/bin.js'), 0o755)
