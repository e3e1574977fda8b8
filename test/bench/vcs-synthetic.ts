/** A tree of ten million paths and a store of a hundred thousand packs, made and used by processes of their own, so that
 *  the memory of using them can be told.
 *
 *  `node vcs-synthetic.ts make DIR PATHS PACKS` makes a workspace with two versions of the tree and the packs;
 *  `node vcs-synthetic.ts use DIR` opens it, looks up and compares, and prints a line of JSON. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRng } from '../../src/base/rng.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { createPackWriter } from '../../src/objects/pack-writer.ts'
import { buildTree, diffTrees, findEntry, type TreeEntry, updateTree } from '../../src/objects/tree.ts'
import { createWorkspace, openWorkspace } from '../../src/store/workspace.ts'

/** What `make` leaves for `use`, beside the workspace. */
interface Plan {
  before: ObjectId
  after: ObjectId
  paths: number
  packs: number
}

const CHANGED = 100
const LOOKED_UP = 1000

function entryAt(index: number, version = ''): TreeEntry {
  const id = sha256Hex(Buffer.from(`${version}${index}`)) as ObjectId
  const path = `d${String(Math.floor(index / 1000)).padStart(5, '0')}/f${String(index % 1000).padStart(3, '0')}.bin`
  return { path, kind: 'file', executable: false, bytes: 7, fileId: id, content: { kind: 'chunk', id } }
}

const contentOfPack = (index: number) => Buffer.from(`pack ${index}`)

async function make(dir: string, paths: number, packs: number): Promise<void> {
  await createWorkspace(dir)
  await using workspace = await openWorkspace(dir)
  const session = await workspace.store.begin()
  function* entries() {
    for (let i = 0; i < paths; i++) yield entryAt(i)
  }
  const before = await buildTree(entries(), session.put)
  await session.seal()
  const changes = Array.from({ length: CHANGED }, (_, i) => entryAt(Math.floor((i * paths) / CHANGED), 'changed '))
  const after = await updateTree(
    session.read,
    session.put,
    before,
    changes.map((entry) => ({ path: entry.path, entry })),
  )
  await session.seal()
  for (let i = 0; i < packs; i++) {
    const pieces: Uint8Array[] = []
    const writer = createPackWriter({ kind: 'data', write: (piece) => void pieces.push(piece) })
    const bytes = contentOfPack(i)
    await writer.add('chunk', sha256Hex(bytes) as ObjectId, bytes)
    const { footerSha256 } = await writer.finish()
    const name = Buffer.from(footerSha256).toString('hex')
    writeFileSync(join(dir, '.floe/packs', `${name}.pack`), Buffer.concat(pieces))
  }
  writeFileSync(join(dir, 'plan.json'), JSON.stringify({ before, after, paths, packs } satisfies Plan))
}

/** Takes the packs into the merged index, as whoever writes next does. */
async function index(dir: string): Promise<void> {
  await using workspace = await openWorkspace(dir)
  const session = await workspace.store.begin()
  await session.put('chunk', Buffer.from('one more'))
  await session.seal()
}

async function use(dir: string): Promise<void> {
  const plan = JSON.parse(readFileSync(join(dir, 'plan.json'), 'utf8')) as Plan
  const rng = createRng(1)
  const times: Record<string, number> = {}
  const time = async (name: string, job: () => Promise<void>) => {
    const start = performance.now()
    await job()
    times[name] = performance.now() - start
  }
  await using workspace = await openWorkspace(dir)
  const { read } = workspace.store
  await time('openMs', async () => void (await read('tree', plan.before)))
  await time('lookUpMs', async () => {
    for (let i = 0; i < LOOKED_UP; i++) {
      const wanted = entryAt(rng.below(plan.paths))
      const found = await findEntry(read, plan.before, wanted.path)
      if (found?.fileId !== wanted.fileId) throw new Error(`${wanted.path} was not found`)
    }
  })
  await time('diffMs', async () => {
    let count = 0
    for await (const _ of diffTrees(read, plan.before, plan.after)) count++
    if (count !== CHANGED) throw new Error(`the versions differ in ${count} paths, not ${CHANGED}`)
  })
  await time('packsMs', async () => {
    for (let i = 0; i < LOOKED_UP; i++) {
      const bytes = contentOfPack(rng.below(plan.packs))
      if (Buffer.compare(await read('chunk', sha256Hex(bytes) as ObjectId), bytes) !== 0) throw new Error('other bytes')
    }
  })
  console.log(JSON.stringify(times))
}

const [verb, dir = '', paths = '', packs = ''] = process.argv.slice(2)
if (verb === 'make') await make(dir, Number(paths), Number(packs))
else if (verb === 'index') await index(dir)
else if (verb === 'use') await use(dir)
else throw new Error('expected make, index or use')
