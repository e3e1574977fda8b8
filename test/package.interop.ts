/** What `npm pack` makes, used as a person who installed it would: the command line, the library, the workers, the local network.
 *  Here and not in `npm test` for its time: it compiles and bundles everything. */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
let dir = ''
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-package-'))
  env = { PATH: process.env.PATH, HOME: dir, FLOE_HOME: join(dir, 'home'), CI: '1' }
  await run('npm', ['pack', '--pack-destination', dir, '--silent'], { cwd: root, maxBuffer: 1 << 24 })
  const [archive] = globSync('*.tgz', { cwd: dir })
  await run('tar', ['xzf', archive!], { cwd: dir })
  await mkdir(join(dir, 'node_modules'))
  await symlink(join(dir, 'package'), join(dir, 'node_modules', 'floe'))
  await symlink(join(root, 'node_modules'), join(dir, 'package', 'node_modules'))
})
afterAll(async () => {
  await floe(dir, 'localnet', 'down').catch(() => undefined)
  await rm(dir, { recursive: true, force: true })
})

async function floe(cwd: string, ...args: string[]): Promise<string> {
  return (await run(process.execPath, [join(dir, 'package/dist/cli/bin.js'), ...args], { cwd, env })).stdout
}

it('the command line commits, pushes and clones, with its workers', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  expect(await floe(dir, '--version')).toBe(`${version}\n`)
  await floe(dir, 'init', 'data', '--template', 'tabular')
  const data = join(dir, 'data')
  // Large enough for the chunking workers.
  const big = Buffer.alloc(24 << 20, 'a line that repeats\n')
  await writeFile(join(data, 'big.txt'), big)
  await floe(data, 'add', '.')
  await floe(data, 'commit', '-m', 'one')
  const pushed = JSON.parse(await floe(data, 'push', '--create', 'packed', '--yes', '--json')) as { repository: string }
  await floe(dir, 'clone', `local:${pushed.repository}`, 'copy')
  expect((await readFile(join(dir, 'copy', 'big.txt'))).equals(big)).toBe(true)
  expect(await floe(join(dir, 'copy'), 'verify')).toMatch(/nothing contradicts the records/)
})

it('runs on the oldest Node that the package admits, and says so on an older one', async () => {
  const { engines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { engines: { node: string } }
  const oldest = `${/^>=(\d+\.\d+)$/.exec(engines.node)![1]}.0`
  // npm finds its settings where they are.
  const npmEnv = { ...process.env, ...env, HOME: process.env.HOME }
  const program = join(dir, 'package/dist/cli/bin.js')
  const on = async (version: string, ...args: string[]) =>
    (await run('npx', ['--yes', `node@${version}`, program, ...args], { cwd: dir, env: npmEnv })).stdout
  await on(oldest, 'init', 'old')
  await writeFile(join(dir, 'old/big.bin'), randomBytes(20 << 20))
  await on(oldest, '-C', 'old', 'add', '.')
  await on(oldest, '-C', 'old', 'commit', '-m', 'one')
  expect(await on(oldest, '-C', 'old', 'status')).toContain('the workspace is clean')
  const pushed = JSON.parse(await on(oldest, '-C', 'old', 'push', '--create', 'old', '--yes', '--json'))
  await on(oldest, 'clone', `local:${pushed.repository}`, 'old-copy')
  expect((await readFile(join(dir, 'old-copy/big.bin'))).equals(await readFile(join(dir, 'old/big.bin')))).toBe(true)
  await expect(on('20.20.0', '--version')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('needs Node'),
  })
})

it('the library is imported by its name, and so are the local network and the encoder', async () => {
  await writeFile(
    join(dir, 'use.mjs'),
    `import { add, commit, openWorkspace } from 'floe'
     import * as localnet from 'floe/localnet'
     import { loadCoder } from 'floe/erasure'
     await using workspace = await openWorkspace('data')
     await add(workspace, { all: true })
     const made = await commit(workspace, { message: 'empty', allowEmpty: true, author: { name: 'Ada', email: '' } })
     console.log(made.commit.length, typeof localnet.startLocalNetwork, typeof loadCoder)`,
  )
  const { stdout } = await run(process.execPath, ['use.mjs'], { cwd: dir, env })
  expect(stdout).toBe('64 function function\n')
})

it('the build for browsers reaches nothing of Node, and brings its kernels', () => {
  const built = join(dir, 'package/dist/browser')
  const files = globSync('**/*.js', { cwd: built })
  expect(files.length).toBeGreaterThan(0)
  for (const file of files)
    expect(readFileSync(join(built, file), 'utf8')).not.toMatch(/from ?["']node:|import\(["']node:/)
  expect(globSync('erasure/kernels/*.wasm', { cwd: built })).toHaveLength(3)
})

it('the licences of what is bundled go along', () => {
  const text = readFileSync(join(dir, 'package/dist/BUNDLED-LICENSES.txt'), 'utf8')
  const everywhere = ['commander', 'ignore', 'valibot', '@noble/hashes', '@oxc-project/runtime']
  const network = ['@mysten/bcs', '@mysten/sui', '@mysten/utils', '@noble/curves', '@scure/base']
  const protobuf = ['grpcweb-transport', 'runtime', 'runtime-rpc'].map((name) => `@protobuf-ts/${name}`)
  for (const name of [...everywhere, ...network, ...protobuf]) expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'))
})
