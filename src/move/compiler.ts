/** Compiles and tests the packages of this folder with the Move compiler in WebAssembly, offline. Development only:
 *  the product loads what `build.ts` has written (`packages.ts`). */

import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { MovePackageFetcher, resolveMovePackageDependencies } from '@zktx.io/sui-move-builder/full'
import { MoveCompileError } from './errors.ts'
import type { PackageName } from './packages.ts'

const HERE = dirname(fileURLToPath(import.meta.url))

const FOLDERS: Readonly<Record<PackageName, string>> = {
  'move-stdlib': 'framework/move-stdlib',
  'sui-framework': 'framework/sui-framework',
  wal: 'wal',
  walrus: 'walrus',
  floe: 'floe',
  wal_exchange: 'wal_exchange',
}

export interface CompilerOutput {
  /** In dependency order. */
  readonly modules: readonly Uint8Array[]
  /** Addresses of the packages needed, also indirectly: `0x` and 64 hex digits. */
  readonly dependencies: readonly string[]
  /** BLAKE2b-256 over modules and dependencies, as an upgrade ticket names it. */
  readonly digest: Uint8Array
}

interface Builder {
  initMovePackageBuilder(): Promise<unknown>
  resolveMovePackageDependencies: typeof resolveMovePackageDependencies
}

/** The part of the WebAssembly binding that the package's public entry hides: it alone compiles a package at the
 *  address its manifest names. */
interface CompilerBinding {
  default(input: { module_or_path: Uint8Array }): Promise<unknown>
  compile(files: string, dependencies: string, options: string): { success: boolean; output: string }
  test_with_options(files: string, dependencies: string, options: string): { passed: boolean; output: string }
}

/** Every file of a package folder that the compiler may read, by its path inside the folder. */
export function packageFiles(name: PackageName, withTests: boolean): Record<string, string> {
  return folderFiles(join(HERE, FOLDERS[name]), withTests)
}

/** The same of any folder. */
export function folderFiles(root: string, withTests: boolean): Record<string, string> {
  const files: Record<string, string> = {}
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(move|toml)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => withTests || !path.startsWith('tests/'))
  for (const path of paths.sort()) files[path] = readFileSync(join(root, path), 'utf8')
  return files
}

/** Warnings count as errors.
 *  @param changed other text for some files, path → text
 *  @throws {MoveCompileError} with the compiler's diagnostics */
export async function compilePackage(
  name: PackageName,
  changed: Readonly<Record<string, string>> = {},
): Promise<CompilerOutput> {
  const { binding, files, dependencies } = await prepare(name, false, changed)
  const options = JSON.stringify({ compileIntent: 'publish', silenceWarnings: false })
  const result = binding.compile(files, dependencies, options)
  if (!result.success) throw new MoveCompileError(name, result.output)
  const { warnings, ...output } = parseOutput(result.output)
  if (warnings) throw new MoveCompileError(name, warnings)
  return output
}

/** Runs the unit tests of a package. A compile error comes back as a failure with the diagnostics in `output`.
 *  There is no instruction limit: call it from a worker that can be ended.
 *  @param extra more test sources, path → text */
export async function testPackage(
  name: PackageName,
  extra: Readonly<Record<string, string>> = {},
): Promise<{ passed: boolean; output: string }> {
  const { binding, files, dependencies } = await prepare(name, true, extra)
  const result = binding.test_with_options(files, dependencies, JSON.stringify({ ansiColor: false }))
  return { passed: result.passed, output: result.output }
}

/** Modules compiled from any files of one package that needs no other.
 *  @throws {MoveCompileError} with the compiler's diagnostics; warnings are silent */
export async function compileAlone(what: string, files: Readonly<Record<string, string>>): Promise<Uint8Array[]> {
  return [...(await compileFiles(what, files)).modules]
}

/** A package of somebody else, ready to be published. Its `Move.toml` may name packages of this folder as
 *  `{ local = "…/floe" }`: only the last part of the path counts, and the addresses are those of the local network.
 *  @param files path → text
 *  @throws {MoveCompileError} with the compiler's diagnostics; warnings are silent */
export async function compileFiles(what: string, files: Readonly<Record<string, string>>): Promise<CompilerOutput> {
  const { builder, binding } = await loadCompiler()
  const resolved = await builder.resolveMovePackageDependencies({
    files: { ...files },
    fetcher: new OfflineFetcher(),
    network: 'testnet',
  })
  const options = JSON.stringify({ compileIntent: 'publish', silenceWarnings: true })
  const result = binding.compile(resolved.files, resolved.dependencies, options)
  if (!result.success) throw new MoveCompileError(what, result.output)
  return parseOutput(result.output)
}

function parseOutput(text: string): CompilerOutput & { warnings?: string } {
  const output = JSON.parse(text) as { modules: string[]; dependencies: string[]; digest: number[]; warnings?: string }
  return {
    modules: output.modules.map((module) => new Uint8Array(Buffer.from(module, 'base64'))),
    dependencies: output.dependencies,
    digest: Uint8Array.from(output.digest),
    ...(output.warnings && { warnings: output.warnings }),
  }
}

async function prepare(
  name: PackageName,
  withTests: boolean,
  extra: Readonly<Record<string, string>> = {},
): Promise<{ binding: CompilerBinding; files: string; dependencies: string }> {
  const { builder, binding } = await loadCompiler()
  const files = { ...packageFiles(name, withTests), ...extra }
  if (name === 'move-stdlib' || name === 'sui-framework') {
    // Otherwise the compiler would add the framework to itself.
    files['Move.toml'] = files['Move.toml']!.replace(
      'edition = "2024"',
      'edition = "2024"\nimplicit-dependencies = false',
    )
  }
  const resolved = await builder.resolveMovePackageDependencies({
    files,
    fetcher: new OfflineFetcher(),
    network: 'testnet',
  })
  return { binding, files: resolved.files, dependencies: resolved.dependencies }
}

let loaded: Promise<{ builder: Builder; binding: CompilerBinding }> | undefined

function loadCompiler(): Promise<{ builder: Builder; binding: CompilerBinding }> {
  loaded ??= (async () => {
    const builder: Builder = await import('@zktx.io/sui-move-builder/full')
    const folder = dirname(createRequire(import.meta.url).resolve('@zktx.io/sui-move-builder/full'))
    const binding: CompilerBinding = await import(pathToFileURL(join(folder, 'sui_move_wasm.js')).href)
    await binding.default({ module_or_path: readFileSync(join(folder, 'sui_move_wasm_bg.wasm')) })
    await builder.initMovePackageBuilder()
    return { builder, binding }
  })()
  return loaded
}

/** Answers every request for a dependency from this folder. */
class OfflineFetcher implements MovePackageFetcher {
  async fetch(_git: string, _revision: string, subfolder?: string): Promise<Record<string, string>> {
    return this.#folder(subfolder ?? '')
  }

  async fetchLocal(path: string): Promise<Record<string, string>> {
    return this.#folder(path)
  }

  async fetchFile(): Promise<null> {
    return null
  }

  getResolvedSha(): undefined {
    return undefined
  }

  #folder(path: string): Record<string, string> {
    const name = path.split('/').at(-1) as PackageName
    if (!(name in FOLDERS)) throw new RangeError(`"path" expected a package of this folder, got "${path}"`)
    return packageFiles(name, false)
  }
}
