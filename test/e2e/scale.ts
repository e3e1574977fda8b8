/** The main job on many files and on big ones, command by command, with the peak memory of each. */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createRng } from '../../src/base/rng.ts'
import { stopLocalNetwork } from '../../src/localnet/daemon.ts'

const MEASURED = fileURLToPath(new URL('./measured-cli.ts', import.meta.url))

export interface ScaleResult {
  /** Peak resident bytes of each command. */
  peaks: Record<string, number>
  /** Peak resident bytes of the local network's process. */
  networkPeak: number
  /** SHA-256 over names and bytes of all files: of the original, and of the clone. */
  original: string
  clone: string
}

/** @param write - fills the workspace */
export async function runAtScale(write: (dir: string) => Promise<void>): Promise<ScaleResult> {
  const root = await mkdtemp(join(tmpdir(), 'floe-scale-'))
  const home = join(root, 'home')
  const peaks: Record<string, number> = {}
  const floe = async (cwd: string, ...args: string[]): Promise<string> => {
    const file = join(root, 'peak')
    const { stdout } = await promisify(execFile)(process.execPath, [MEASURED, file, ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: root, FLOE_HOME: home, CI: '1', FLOE_AUTHOR_NAME: 'Scale' },
      maxBuffer: 64 * 1024 * 1024,
    })
    peaks[args[0]!] = Number(readFileSync(file, 'utf8'))
    return stdout
  }
  try {
    const dir = join(root, 'data')
    await mkdir(dir)
    await floe(dir, 'init', '.')
    await write(dir)
    await floe(dir, 'add', '.')
    await floe(dir, 'commit', '-m', 'all of it')
    const { repository } = JSON.parse(await floe(dir, 'push', '--create', 'scale', '--yes', '--json'))
    await floe(root, 'clone', `local:${repository}`, 'copy')
    await floe(join(root, 'copy'), 'verify', '--local', '--full')
    const [original, clone] = [await digestOf(dir), await digestOf(join(root, 'copy'))]
    return { peaks, networkPeak: networkPeakBytes(home), original, clone }
  } finally {
    await stopLocalNetwork({ dataDir: home })
    await rm(root, { recursive: true, force: true })
  }
}

/** VmHWM of the daemon, from the pid in its state; Linux only, 0 elsewhere. */
function networkPeakBytes(home: string): number {
  try {
    const state = JSON.parse(readFileSync(join(home, 'localnet', 'daemon.json'), 'utf8'))
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${state.pid}/status`, 'utf8'))
    return Number(line?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

async function digestOf(dir: string): Promise<string> {
  const hash = createHash('sha256')
  const files = (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .filter((path) => !path.startsWith('.floe'))
    .sort()
  for (const path of files) {
    hash.update(`${path}\0`)
    for await (const piece of createReadStream(join(dir, path))) hash.update(piece)
  }
  return `${files.length} files, ${hash.digest('hex')}`
}

/** Files of 1 to 8 KB in 100 folders. */
export async function writeManyFiles(dir: string, count: number): Promise<void> {
  const rng = createRng(count)
  for (let i = 0; i < count; i++) {
    const folder = join(dir, `f${String(i % 100).padStart(2, '0')}`)
    if (i < 100) await mkdir(folder)
    const file = await open(join(folder, `${i}.bin`), 'w')
    await file.write(rng.fill(new Uint8Array(1024 + rng.below(7168))))
    await file.close()
  }
}

/** One file that neither compresses nor repeats. */
export async function writeBigFile(dir: string, bytes: number): Promise<void> {
  const rng = createRng(bytes)
  const file = await open(join(dir, 'big.bin'), 'w')
  const piece = new Uint8Array(4 << 20)
  for (let at = 0; at < bytes; at += piece.length) await file.write(rng.fill(piece).subarray(0, bytes - at))
  await file.close()
}
