import { execFileSync, spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { commit } from '../../src/repo/commit.ts'
import { initWorkspace } from '../../src/repo/init.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { createSharedMemory } from '../../src/store/shared-memory.ts'
import { readStatCache, statRecord, writeStatCache } from '../../src/store/stat-cache.ts'
import { ROOM_BYTES, roomAt, StatRecords } from '../../src/store/stat-records.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { buildProverKernel } from '../../src/worktree/kernels/build.ts'
import { Prover, type Unproven } from '../../src/worktree/prover.ts'
import { DIFFERS, OTHER_NAMES, ProverKernel } from '../../src/worktree/prover-kernel.ts'
import { scan } from '../../src/worktree/scan.ts'
import { survey } from '../../src/worktree/survey.ts'

let base = ''
let root = ''
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'floe-prover-'))
  root = join(base, 'root')
  mkdirSync(root)
})
afterEach(() => rmSync(base, { recursive: true }))

const at = (path: string) => join(root, path)

function write(path: string, contents = path): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), contents)
}

/** A file may be where a folder would be, or the reverse. */
function attempt(change: () => void): void {
  try {
    change()
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toMatch(/^(ENOTDIR|EISDIR|EEXIST|ENOENT)$/)
  }
}

const tryWrite = (path: string, contents?: string) => attempt(() => write(path, contents))

/** Records of all that is there now. */
async function recordAll(): Promise<StatRecords> {
  const updates = new Map<string, Uint8Array | null>()
  for (const item of scan(nodeFs, root))
    if (item.$kind === 'entry')
      updates.set(item.path, statRecord(item.stat, sha256Hex(new Uint8Array()) as ObjectId, 2n ** 62n))
  const path = join(base, 'stat')
  await writeStatCache(nodeFs, path, readStatCache(nodeFs, path), updates, { tmpDir: base })
  return readStatCache(nodeFs, path).records
}

function openKernel(records: StatRecords, room = 0): ProverKernel {
  const kernel = ProverKernel.open(records, root, roomAt(records.bytes.length, room))
  if (!kernel) throw new Error('the kernel does not open')
  return kernel
}

/** In which order folders are named does not matter, nor names in them. */
function comparable(unproven: Unproven | undefined): unknown {
  const folders = unproven?.folders.map(({ path, names }) => `${path}: ${names && [...names].sort().join('|')}`)
  return unproven && { ...unproven, folders: folders?.sort() }
}

it('rebuilding the kernel from its source gives the bytes that are checked in', async () => {
  const checkedIn = readFileSync(new URL('../../src/worktree/kernels/prove.wasm', import.meta.url))
  expect(toHex(await buildProverKernel())).toBe(toHex(checkedIn))
})

// Elsewhere there is none, and `survey.test.ts` says what counts.
describe.runIf(process.platform === 'linux')('prover kernel', () => {
  it('leaves the same as the prover alone, whatever has happened', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      rmSync(root, { recursive: true })
      rmSync(join(base, 'stat'), { force: true })
      mkdirSync(root)
      const rng = createRng(seed)
      const name = () => `${['a', 'b.', '!é', '🧊', 'w\\in', 'x'.repeat(200)][rng.below(6)]}${rng.below(7)}`
      const random = () => Array.from({ length: 1 + rng.below(4) }, name).join('/')
      for (let i = 0; i < 120; i++) tryWrite(random())
      for (const folder of ['.floe', '.git', 'a1/.git']) tryWrite(`${folder}/x`)
      const records = await recordAll()
      const paths = Array.from({ length: records.count }, (_, index) => records.pathAt(index))
      for (const path of paths) {
        const luck = rng.below(40)
        if (luck === 0) attempt(() => rmSync(at(path)))
        else if (luck === 1) attempt(() => utimesSync(at(path), 1, 1))
        else if (luck === 2) tryWrite(path, 'other')
        else if (luck === 3) tryWrite(`${dirname(path)}/new${rng.below(3)}`)
        else if (luck === 4) tryWrite(`${dirname(path)}/.floe-unfinished-1`)
      }
      const folders = [...new Set(paths.filter((path) => path.includes('/')).map((path) => path.split('/')[0]!))]
      rmSync(at(folders[0]!), { recursive: true })
      renameSync(at(folders[1]!), join(base, `moved-${seed}`))
      symlinkSync(join(base, `moved-${seed}`), at(folders[1]!))
      rmSync(at(folders[2]!), { recursive: true })
      write(folders[2]!, 'a file where a folder was')
      if (seed % 2 === 0) writeFileSync(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), '')
      const doubtful = paths.flatMap((_, index) => (rng.below(10) === 0 ? [index] : []))
      const kernel = openKernel(records)
      const alone = new Prover(nodeFs, root, records, doubtful)
      const helped = new Prover(nodeFs, root, records, doubtful, kernel)
      let unprovenCount = 0
      for (const perStretch of [1, 3, 17, 1000])
        for (let from = 0; from < records.count; from += perStretch) {
          const to = Math.min(from + perStretch, records.count)
          const left = alone.prove(from, to)
          if (left) unprovenCount++
          expect(comparable(helped.prove(from, to))).toEqual(comparable(left))
        }
      expect(unprovenCount).toBeGreaterThan(10)
      kernel.close()
    }
  })

  it('proves all where nothing has happened, whoever shares the memory', async () => {
    for (let i = 0; i < 300; i++) write(`d${i % 7}/sub${i % 3}/${i}`)
    for (let i = 0; i < 5; i++) write(`d${i}`.concat('.txt'))
    write('.floe/x')
    write('.git/x')
    const records = await recordAll()
    const kernels = [0, 1, 2, 3].map((room) => openKernel(records, room))
    for (const perStretch of [1, 10, 1000])
      for (let from = 0; from < records.count; from += perStretch)
        for (const kernel of kernels) expect(kernel.prove(from, Math.min(from + perStretch, records.count))).toEqual([])
    for (const kernel of kernels) kernel.close()
    expect(readStatCache(nodeFs, join(base, 'stat')).records.bytes).toEqual(records.bytes)
  })

  it('tells one name more or less of a folder whose listing takes several calls', async () => {
    mkdirSync(at('many'))
    const name = (i: number) => `many/${String(i).padStart(5, '0')}-${'n'.repeat(60)}`
    for (let i = 0; i < 2100; i++) writeFileSync(at(name(i)), '')
    const records = await recordAll()
    const kernel = openKernel(records)
    expect(kernel.prove(0, 1024)).toEqual([])
    writeFileSync(at('many/zzz'), '')
    expect(kernel.prove(0, 1024)).toEqual([{ kind: OTHER_NAMES, index: 0, folderBytes: 4 }])
    // That of a later stretch is missing: here it is a name less, there a record that differs.
    rmSync(at('many/zzz'))
    rmSync(at(name(1500)))
    expect(kernel.prove(0, 1024)).toEqual([{ kind: OTHER_NAMES, index: 0, folderBytes: 4 }])
    expect(kernel.prove(1024, 2048)).toEqual([{ kind: DIFFERS, index: 1500, folderBytes: 0 }])
    kernel.close()
  })

  it('tells files apart whose times differ by nanoseconds', async () => {
    write('a')
    const records = await recordAll()
    const kernel = openKernel(records)
    expect(kernel.prove(0, 1)).toEqual([])
    const { mtimeNs } = nodeFs.stat(at('a'))!
    const later = `@${mtimeNs / 1_000_000_000n}.${String((mtimeNs % 1_000_000_000n) + 1n).padStart(9, '0')}`
    execFileSync('touch', ['-d', later, at('a')])
    expect(kernel.prove(0, 1)).toEqual([{ kind: DIFFERS, index: 0, folderBytes: 0 }])
    kernel.close()
  })

  it('leaves to others what does not lie as it should', async () => {
    for (let i = 0; i < 30; i++) write(`f${i}`)
    const { bytes } = await recordAll()
    const rng = createRng(3)
    const seen = { lost: 0, events: 0 }
    for (let round = 0; round < 300; round++) {
      const memory = createSharedMemory(roomAt(bytes.length, 1))!
      const damaged = new Uint8Array(memory.buffer, 0, bytes.length)
      damaged.set(bytes)
      // Not the count of records: whoever opens them has checked that.
      const table = bytes.length - 40 - 8 * 30
      for (let i = 0; i < 3; i++) damaged[12 + rng.below(table + 8 * 30 - 12)] = rng.below(256)
      const kernel = openKernel(StatRecords.shared(damaged, memory))
      const events = kernel.prove(0, 30)
      if (!events) seen.lost++
      else if (events.length > 0) seen.events++
      kernel.close()
    }
    // The rest hit file ids, which are not compared.
    expect(seen.lost).toBeGreaterThan(50)
    expect(seen.events).toBeGreaterThan(50)
  })

  it('is not there without room, without memory to share, or of a folder that is not there', async () => {
    write('a')
    const records = await recordAll()
    const end = roomAt(records.bytes.length, 0)
    expect(ProverKernel.open(records, `${root}/none`, end)).toBeUndefined()
    expect(ProverKernel.open(records, root, records.memory!.buffer.byteLength - ROOM_BYTES + 8)).toBeUndefined()
    expect(ProverKernel.open(StatRecords.shared(records.bytes), root, end)).toBeUndefined()
  })

  it('keeps no folder open, and says nothing of itself', async () => {
    for (let i = 0; i < 30; i++) write(`d${i}/f`)
    const records = await recordAll()
    const openFiles = () => readdirSync('/proc/self/fd').length
    const before = openFiles()
    for (let i = 0; i < 3; i++)
      for await (const findings of survey({ fs: nodeFs, root }, records, [], { kernel: true }))
        expect(findings).toEqual([])
    expect(openFiles()).toBe(before)
    const bin = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))
    const env = { ...process.env, FLOE_HOME: join(base, 'home') }
    const floe = (...words: string[]) =>
      spawnSync(process.execPath, [bin, ...words], { cwd: root, env, encoding: 'utf8' })
    for (let i = 0; i < 1100; i++) writeFileSync(at(`d1/${i}`), '')
    await initWorkspace(root)
    await using workspace = await openWorkspace(root)
    await commit(workspace, { message: 'one', author: { name: 'Test', email: '' }, add: true })
    for (let i = 0; i < 2; i++) expect(floe('status')).toMatchObject({ status: 0, stderr: '' })
  })
})
