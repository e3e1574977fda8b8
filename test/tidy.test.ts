/** The linter for what Biome and TypeScript cannot see: layers, dead files, dependencies, tables that are API. */

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const src = join(root, 'src')

/** Layer of each folder under src/ (DESIGN §3). Imports go to strictly lower layers; siblings do not import each other. */
const LAYERS: Record<string, number> = {
  base: 0,
  codec: 1,
  crypto: 1,
  objects: 2,
  chunking: 2,
  formats: 2,
  erasure: 2,
  protocol: 2,
  move: 2,
  store: 3,
  node: 3,
  ledger: 3,
  worktree: 4,
  history: 4,
  transfer: 4,
  provenance: 4,
  migration: 4,
  repo: 5,
  tui: 6,
  gateway: 6,
  cli: 7,
}

/** The other side of the wire may import these and nothing else of ours. */
const LOCALNET_MAY_IMPORT = ['base', 'codec', 'crypto', 'erasure', 'protocol', 'move', 'localnet']

/** Calls that have a better replacement here. `where` lists folders that may use them. */
const BANNED: { pattern: RegExp; instead: string; where: string[] }[] = [
  {
    pattern: /\bprocess\.exit\(/,
    instead: 'release what you hold and set process.exitCode',
    where: ['src/localnet/daemon'],
  },
  { pattern: /\bMath\.random\(/, instead: 'createRng with a seed, or node:crypto for secrets', where: [] },
  {
    pattern: /\bprocess\.env\b/,
    instead: 'pass the value in: the environment is read in src/cli only',
    // git has to find its own programs: the environment is handed on, less what could steer it.
    where: ['src/cli', 'src/provenance/git-environment.ts'],
  },
  { pattern: /\bconsole\.(log|error|warn|info)\(/, instead: 'src/cli/output.ts', where: ['src/cli', 'build.ts'] },
  { pattern: /from '@mysten\/walrus/, instead: 'nothing: the product has its own client', where: ['test/'] },
  {
    pattern: /\bAbortSignal\.any\(/,
    instead: 'linkSignals of base/abort.ts: up to Node 22 a deadline in it is lost when garbage is collected',
    where: [],
  },
  { pattern: /from '(?:node:)?child_process'.*exec\b/, instead: 'execFile with fixed arguments', where: [] },
]

function filesBelow(folder: string, match: RegExp): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && match.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes(`${sep}node_modules${sep}`) && !path.includes(`${sep}assembly${sep}`))
    .sort()
}

const sources = filesBelow(src, /\.ts$/)
const tests = filesBelow(join(root, 'test'), /\.ts$/)
const name = (path: string) => relative(root, path).split(sep).join('/')
const text = new Map([...sources, ...tests].map((path) => [path, readFileSync(path, 'utf8')]))

/** Relative imports of a file, as absolute paths; types count, because a type is a dependency too. */
function importsOf(path: string): string[] {
  const found: string[] = []
  const pattern = /(?:from\s+|import\s*\(\s*|import\s+|new URL\(\s*)['"](\.{1,2}\/[^'"]+)['"]/g
  for (const match of text.get(path)!.matchAll(pattern)) found.push(resolve(dirname(path), match[1]!))
  return found
}

describe('layers', () => {
  it('every folder under src/ has a place in the table', () => {
    const folders = readdirSync(src).filter((entry) => statSync(join(src, entry)).isDirectory())
    expect(folders.filter((folder) => !(folder in LAYERS) && !['localnet', 'adr'].includes(folder))).toEqual([])
  })

  it('a file imports only from its own folder and from strictly lower layers', () => {
    const wrong: string[] = []
    for (const path of sources) {
      const [, from] = name(path).split('/')
      for (const target of importsOf(path)) {
        if (!name(target).startsWith('src/')) continue
        const [, to] = name(target).split('/')
        if (from === to || to === undefined) continue
        const allowed =
          from === 'localnet'
            ? LOCALNET_MAY_IMPORT.includes(to)
            : from === 'index.ts' || (from === 'cli' && to === 'localnet') || (LAYERS[to] ?? 99) < (LAYERS[from!] ?? -1)
        if (!allowed) wrong.push(`${name(path)} imports ${name(target)}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('the command line reaches the local network and the terminal UI by dynamic import only', () => {
    const wrong = sources
      .filter((path) => name(path).startsWith('src/cli/'))
      .filter((path) => /^import (?!type)[^\n]*from '[^']*\/(tui|localnet)\//m.test(text.get(path)!))
    expect(wrong.map(name)).toEqual([])
  })
})

describe('files', () => {
  it('none is dead: each source file is imported, started or published by something', () => {
    const roots = ['src/index.ts', 'src/localnet/index.ts', 'src/cli/bin.ts']
    const reached = new Set([...sources, ...tests].flatMap(importsOf).map(name))
    const scripts = readFileSync(join(root, 'package.json'), 'utf8')
    const dead = sources
      .map(name)
      .filter(
        (path) =>
          !roots.includes(path) && !reached.has(path) && !scripts.includes(path) && !/(worker|\.d)\.ts$/.test(path),
      )
    expect(dead).toEqual([])
  })

  it('none is named after no concept', () => {
    expect(
      [...sources, ...tests].map(name).filter((path) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.)/.test(path)),
    ).toEqual([])
  })

  it('all are kebab-case', () => {
    expect([...sources, ...tests].map(name).filter((path) => !/^[a-z0-9./-]+$/.test(path))).toEqual([])
  })

  it('none calls what has a better replacement', () => {
    const wrong: string[] = []
    for (const path of sources)
      for (const rule of BANNED)
        if (rule.pattern.test(text.get(path)!) && !rule.where.some((place) => name(path).includes(place)))
          wrong.push(`${name(path)}: ${rule.pattern} — use ${rule.instead}`)
    expect(wrong).toEqual([])
  })

  it('no test is skipped, focused or left to do', () => {
    const marker = /\b(?:it|test|describe)\.(?:skip|only|todo)\(/
    expect(
      tests.filter((path) => path !== fileURLToPath(import.meta.url) && marker.test(text.get(path)!)).map(name),
    ).toEqual([])
  })

  it('the files that have grown past 500 lines do not grow further in number', () => {
    const long = sources.filter((path) => text.get(path)!.split('\n').length > 500).map(name)
    expect(long).toEqual(LONG_FILES)
  })
})

/** Files past 500 lines that earned it: a table or a state machine that reads better whole. */
const LONG_FILES: string[] = []

describe('package.json', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

  it('names exact versions only', () => {
    const versions = Object.entries<string>({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([])
  })

  it('has a line for each dependency in ADR 0001', () => {
    const adr = readFileSync(join(src, 'adr/0001-dependencies.md'), 'utf8')
    const all = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(all.filter((dependency) => !adr.includes(`\`${dependency}\``))).toEqual([])
  })

  it('depends on nothing that src/ does not import', () => {
    const everything = [...sources.map((path) => text.get(path)!)].join('\n')
    const unused = Object.keys(manifest.dependencies).filter((dependency) => !everything.includes(`'${dependency}`))
    expect(unused).toEqual([])
  })

  it('keeps lockfile entries free of download addresses', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved": "https?:/)
  })
})
