/** Packs and ids against the independent implementation in Python (test/interop), run by `npm run test:interop`. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { createRng } from '../../src/base/rng.ts'
import { objectIdFor } from '../../src/objects/id.ts'
import { packIndexBytes } from '../../src/objects/pack-index.ts'
import { createPackWriter } from '../../src/objects/pack-writer.ts'

const PYTHON = process.env['FLOE_PYTHON'] ?? 'python3'
const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

function python(script: string, ...args: string[]): string {
  return execFileSync(PYTHON, [pathOf(`../interop/${script}`), ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 })
}

test('the object vectors are what the Python implementation prints', () => {
  const checkedIn = readFileSync(pathOf('../vectors/objects/objects.json'), 'utf8')
  expect(JSON.parse(python('object_ids.py'))).toEqual(JSON.parse(checkedIn))
})

test('the golden packs are read by Python, index, frames, objects and locator', () => {
  const names = ['data-v1.pack', 'stored-v1.pack', 'meta-v1.pack']
  const expected = JSON.parse(readFileSync(pathOf('../vectors/packs/packs.json'), 'utf8'))
  const read = JSON.parse(python('read_pack.py', ...names.map((name) => pathOf(`../vectors/packs/${name}`))))
  const { locator } = read['meta-v1.pack']
  delete read['meta-v1.pack'].locator
  expect(read).toEqual(expected)
  const own = '0'.repeat(64)
  const located = (name: string, pack: string) =>
    expected[name].objects.map((object: object) => expect.objectContaining({ ...object, pack }))
  const all = [...located('data-v1.pack', expected['data-v1.pack'].sha256), ...located('meta-v1.pack', own)]
  expect(locator).toHaveLength(all.length)
  expect(locator).toEqual(expect.arrayContaining(all))
})

test('packs written now, with all codecs and many objects, are read by Python', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'floe-pack-'))
  try {
    const rng = createRng(77)
    const pieces: Uint8Array[] = []
    const writer = createPackWriter({ kind: 'data', write: (piece) => void pieces.push(piece) })
    const expected: { kind: string; id: string; bytes: number }[] = []
    for (let i = 0; i < 3000; i++) {
      const bytes = rng.fill(new Uint8Array(1 + rng.below(i % 50 === 0 ? 200_000 : 500)))
      if (i % 3 === 0) for (let at = 0; at < bytes.length; at++) bytes[at]! &= at % (i % 2 ? 4 : 2) === 0 ? 255 : 3
      const id = objectIdFor('chunk', bytes)
      if (await writer.add('chunk', id, bytes)) expected.push({ kind: 'chunk', id, bytes: bytes.length })
    }
    await writer.finish()
    writeFileSync(join(dir, 'new.pack'), concatBytes(...pieces))
    expect(JSON.parse(python('read_pack.py', join(dir, 'new.pack')))['new.pack'].objects).toEqual(expected)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('the index opens in DuckDB through Arrow', async () => {
  const script = [
    'import sys, json, pyarrow.ipc, duckdb',
    'objects = pyarrow.ipc.open_stream(open(sys.argv[1], "rb").read()).read_all()',
    'print(json.dumps(duckdb.sql("select count(*), sum(length), max(frame) from objects").fetchall()[0], default=int))',
  ].join('\n')
  const dir = mkdtempSync(join(tmpdir(), 'floe-index-'))
  try {
    const writer = createPackWriter({ kind: 'data', write: () => {} })
    for (let i = 0; i < 100; i++) {
      const bytes = createRng(i).fill(new Uint8Array(10 + i))
      await writer.add('chunk', objectIdFor('chunk', bytes), bytes)
    }
    const { index } = await writer.finish()
    expect(index.encode()).toHaveLength(packIndexBytes(100, 1))
    writeFileSync(join(dir, 'index.arrows'), index.encode())
    const output = execFileSync(PYTHON, ['-c', script, join(dir, 'index.arrows')], { encoding: 'utf8' })
    expect(JSON.parse(output)).toEqual([100, index.rawBytes, 0])
  } finally {
    rmSync(dir, { recursive: true })
  }
})
