/** Compares two folders byte by byte: the demo trusts no tool of ours for that. */

import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Comparison {
  files: number
  bytes: number
}

/** @throws {Error} naming the first path that differs, is missing, or should not be there */
export async function compareFolders(expected: string, actual: string): Promise<Comparison> {
  const [left, right] = await Promise.all([filesBelow(expected), filesBelow(actual)])
  const has = { left: new Set(left), right: new Set(right) }
  const missing = left.filter((path) => !has.right.has(path))
  const extra = right.filter((path) => !has.left.has(path))
  if (missing.length + extra.length > 0)
    throw new Error(`missing: ${missing.slice(0, 3)}; not expected: ${extra.slice(0, 3)}`)
  let bytes = 0
  for (const path of left) {
    const [a, b] = await Promise.all([readFile(join(expected, path)), readFile(join(actual, path))])
    if (!a.equals(b)) throw new Error(`${path} differs`)
    const [before, after] = await Promise.all([lstat(join(expected, path)), lstat(join(actual, path))])
    if ((before.mode & 0o100) !== (after.mode & 0o100)) throw new Error(`${path} lost or gained its executable bit`)
    bytes += a.length
  }
  return { files: left.length, bytes }
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.startsWith('.floe'))
    .sort()
}
