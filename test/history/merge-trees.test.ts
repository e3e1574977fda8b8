import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRng, type Rng } from '../../src/base/rng.ts'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { mergeTexts } from '../../src/history/merge-text.ts'
import { mergeTrees } from '../../src/history/merge-trees.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { isAtOrBelow } from '../../src/objects/path.ts'
import { createMemoryObjects, type MemoryObjects } from '../../src/objects/reader.ts'
import { buildTree, comparePaths, type TreeEntry, updateTree, walkTree } from '../../src/objects/tree.ts'

/** Path → mode and contents, as git writes modes. */
type Version = Map<string, { mode: '100644' | '100755' | '120000'; text: string }>

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-merge-trees-'))
  execFileSync('git', ['init', '-q', '--bare', dir])
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const PATHS = ['a', 'a/x', 'a/y', 'b', 'b/c', 'b/c/d', 'e', 'f', 'g/h', 'g/i']

/** Different at every path: this git cannot be told to look for no renames. */
function texts(path: string, rng: Rng): string {
  const lines = ['one', 'two', 'three', 'four', 'five', 'six', 'seven']
  for (let edit = rng.below(3); edit > 0; edit--) lines[rng.below(lines.length)] = `changed ${rng.below(3)}`
  return lines.map((line) => `${path} ${line} of ${path}\n`).join('')
}

function put(version: Version, path: string, rng: Rng): void {
  for (const other of [...version.keys()])
    if (other !== path && (isAtOrBelow(other, path) || isAtOrBelow(path, other))) version.delete(other)
  const mode = rng.below(10) === 0 ? '120000' : rng.below(6) === 0 ? '100755' : '100644'
  version.set(path, { mode, text: mode === '120000' ? `${path} ${rng.below(2)}` : texts(path, rng) })
}

function edited(version: Version, rng: Rng): Version {
  const result: Version = new Map(version)
  for (let edit = rng.below(4); edit >= 0; edit--) {
    const path = PATHS[rng.below(PATHS.length)]!
    if (rng.below(4) === 0) result.delete(path)
    else put(result, path, rng)
  }
  return result
}

async function treeOf(objects: MemoryObjects, version: Version): Promise<ObjectId> {
  const entries: TreeEntry[] = []
  for (const [path, { mode, text }] of [...version].sort(([a], [b]) => comparePaths(a, b))) {
    const bytes = Buffer.from(text)
    const id = await objects.write('chunk', bytes)
    const kind = mode === '120000' ? 'symlink' : 'file'
    const content = { kind: 'chunk', id } as const
    entries.push({ path, kind, executable: mode === '100755', bytes: bytes.length, fileId: id, content })
  }
  return buildTree(entries, objects.write)
}

function gitCommits(runs: readonly { name: string; versions: Version[] }[]): void {
  const lines: string[] = []
  const text = (value: string) => `data ${Buffer.byteLength(value)}\n${value}\n`
  for (const { name, versions } of runs)
    for (const [index, version] of versions.entries()) {
      lines.push(`commit refs/heads/${name}-${index}\ncommitter a <a@b> 1 +0000\n${text('m')}`)
      if (index > 0) lines.push(`from refs/heads/${name}-0\n`)
      lines.push('deleteall\n')
      for (const [path, { mode, text: value }] of version) lines.push(`M ${mode} inline ${path}\n${text(value)}`)
    }
  execFileSync('git', ['fast-import', '--quiet'], { cwd: dir, input: lines.join('') })
}

function gitMerge(name: string): { conflicts: string[]; files: string[] } {
  const args = ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z']
  const merged = spawnSync('git', [...args, `${name}-1`, `${name}-2`], { cwd: dir, encoding: 'utf8' })
  expect(merged.status, merged.stderr).toBeLessThan(2)
  const [tree = '', ...paths] = merged.stdout.split('\0').filter((part) => part !== '')
  const listed = spawnSync('git', ['ls-tree', '-r', '-z', tree.trim()], { cwd: dir, encoding: 'utf8' }).stdout
  return {
    conflicts: merged.status === 0 ? [] : outermost(paths.map((path) => path.replace(/~r\d+-[12](_\d+)?$/, ''))),
    files: listed
      .split('\0')
      .filter((line) => line !== '')
      .sort(),
  }
}

function outermost(paths: readonly string[]): string[] {
  const all = [...new Set(paths)]
  return all.filter((path) => !all.some((other) => other !== path && isAtOrBelow(path, other))).sort()
}

async function floeMerge(objects: MemoryObjects, [base, ours, theirs]: readonly ObjectId[]) {
  const textOf = async (entry: TreeEntry | null) =>
    entry?.content ? Buffer.from(await objects.read('chunk', entry.content.id)).toString() : ''
  const merged = await mergeTrees(
    objects.read,
    { base: base!, ours: ours!, theirs: theirs! },
    async (before, mine, other) => {
      const sides = { base: await textOf(before), ours: await textOf(mine), theirs: await textOf(other) }
      const result = mergeTexts(sides, { ours: 'ours', theirs: 'theirs' })!
      if (result.conflicts > 0) return undefined
      const bytes = Buffer.from(result.text)
      const id = await objects.write('chunk', bytes)
      return { ...mine, bytes: bytes.length, fileId: id, content: { kind: 'chunk', id } }
    },
  )
  const tree = await updateTree(objects.read, objects.write, ours!, merged.changes)
  const files: string[] = []
  for await (const entry of walkTree(objects.read, tree)) {
    const bytes = await objects.read('chunk', entry.content!.id)
    const mode = entry.kind === 'symlink' ? '120000' : entry.executable ? '100755' : '100644'
    const blob = Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes])
    files.push(`${mode} blob ${gitHash(blob)}\t${entry.path}`)
  }
  return { conflicts: merged.conflicts.map(({ path }) => path).sort(), files: files.sort(), merged }
}

function gitHash(blob: Buffer): string {
  return createHash('sha1').update(blob).digest('hex')
}

it('merges random versions as git does: the same files where git is clean, the same conflicts where it is not', async () => {
  const rng = createRng(63)
  const runs = Array.from({ length: 100 }, (_, run) => {
    const base: Version = new Map()
    for (const path of PATHS) if (rng.below(2) === 0) put(base, path, rng)
    return { name: `r${run}`, versions: [base, edited(base, rng), edited(base, rng)] }
  })
  gitCommits(runs)
  const seen = { clean: 0, conflicts: 0, fileFolder: 0 }
  for (const { name, versions } of runs) {
    const objects = createMemoryObjects()
    const trees: ObjectId[] = []
    for (const version of versions) trees.push(await treeOf(objects, version))
    const git = gitMerge(name)
    const mine = await floeMerge(objects, trees)
    const about = JSON.stringify({ name, versions: versions.map((version) => [...version]) })
    expect(mine.conflicts, about).toEqual(git.conflicts)
    if (git.conflicts.length === 0) expect(mine.files, about).toEqual(git.files)
    seen[git.conflicts.length === 0 ? 'clean' : 'conflicts']++
    if (mine.merged.conflicts.some(({ kind }) => kind === 'file-folder')) seen.fileFolder++
  }
  expect(seen.clean).toBeGreaterThan(20)
  expect(seen.conflicts).toBeGreaterThan(20)
  expect(seen.fileFolder).toBeGreaterThan(5)
})

it('reads only what differs, however large the versions are', async () => {
  const objects = createMemoryObjects()
  const entry = (path: string, text: string): TreeEntry => {
    const fileId = sha256Hex(Buffer.from(text)) as ObjectId
    return { path, kind: 'file', executable: false, bytes: 1, fileId, content: { kind: 'chunk', id: fileId } }
  }
  const paths = Array.from({ length: 20_000 }, (_, i) => `d${i % 50}/f${i}`).sort(comparePaths)
  const base = await buildTree(
    paths.map((path) => entry(path, 'x')),
    objects.write,
  )
  const ours = await updateTree(objects.read, objects.write, base, [
    { path: paths[10]!, entry: entry(paths[10]!, 'o') },
  ])
  const theirs = await updateTree(objects.read, objects.write, base, [{ path: paths[19_000]!, entry: null }])
  let reads = 0
  const merged = await mergeTrees(
    (kind, object, options) => {
      reads++
      return objects.read(kind, object, options)
    },
    { base, ours, theirs },
    async () => undefined,
  )
  expect(merged).toEqual({ conflicts: [], changes: [{ path: paths[19_000], entry: null }] })
  expect(reads).toBeLessThan(40)
})
