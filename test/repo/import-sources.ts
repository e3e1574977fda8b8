/** Repositories to import: git with pointers of Git LFS, and what the real DVC wrote. */

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GitOracle } from './git-oracle.ts'

export const sha256Of = (contents: string | Uint8Array): string => createHash('sha256').update(contents).digest('hex')

/** The pointer of a file, which is put where `git lfs` keeps it. */
export function lfsPointer(git: GitOracle, contents: string, options: { isStored?: boolean } = {}): string {
  const id = sha256Of(contents)
  if (options.isStored !== false) writeBelow(git.dir, `.git/lfs/objects/${lfsPlace(id)}`, contents)
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${id}\nsize ${Buffer.byteLength(contents)}\n`
}

export const lfsPlace = (id: string): string => `${id.slice(0, 2)}/${id.slice(2, 4)}/${id}`

export function writeBelow(dir: string, path: string, contents: string | Uint8Array): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true })
  writeFileSync(join(dir, path), contents)
}

export interface DvcVector {
  origin: string
  commits: { message: string; git: Record<string, string>; expected: Record<string, string> }[]
  cache: Record<string, string>
}

export function dvcVector(name: 'dvc-3' | 'dvc-2'): DvcVector {
  return JSON.parse(readFileSync(fileURLToPath(new URL(`../vectors/import/${name}.json`, import.meta.url)), 'utf8'))
}

export const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64')

/** The repository of a vector: its commits in git, its cache beside them. */
export function dvcRepository(vector: DvcVector): GitOracle {
  const git = new GitOracle(1_700_000_000_000)
  for (const { message, git: files } of vector.commits) {
    for (const path of git.lines('ls-files')) rmSync(join(git.dir, path.replace(/^"(.*)"$/, '$1')), { force: true })
    for (const [path, contents] of Object.entries(files)) git.write(path, bytesOf(contents))
    git.timeMs += 60_000
    git.ok('add', '-A', '-f')
    git.ok('commit', '--quiet', '-m', message)
  }
  for (const [path, contents] of Object.entries(vector.cache))
    writeBelow(git.dir, `.dvc/cache/${path}`, bytesOf(contents))
  return git
}
