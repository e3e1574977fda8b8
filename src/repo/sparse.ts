/** Which part of every version this workspace has on disk, and where its history is cut off: `.floe/sparse` and
 *  `.floe/shallow`, checked JSON documents that are replaced atomically. Most workspaces have neither.
 *
 *  A path that the rules leave out and that is not on disk is *absent*: nobody deleted it, every version keeps it. A path
 *  that they leave out and that is on disk counts like any other. So no list of what is here has to be kept true, and a
 *  command that is cut off half-way leaves a state that is right: `get` writes files before rules, `drop` rules before
 *  files. @see ../adr/0034-sparse-workspaces.md */

import * as v from 'valibot'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { sha256Hex } from '../crypto/hash.ts'
import type { ObjectId } from '../objects/id.ts'
import { discard, replaceFile } from '../store/atomic-file.ts'
import { StoreCorruptError } from '../store/errors.ts'
import { isErrno } from '../store/file-system.ts'
import type { Workspace } from '../store/workspace.ts'
import { createPathFilter, MAX_FILTER_RULES, type PathFilter } from '../worktree/path-filter.ts'

const MAX_RECORD_BYTES = 64 * 2 ** 20
const MAX_BOUNDARY = 100_000

const sparseSchema = v.object({ rules: v.pipe(v.array(v.string()), v.maxLength(MAX_FILTER_RULES)) })
const shallowSchema = v.object({
  absent: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))), v.maxLength(MAX_BOUNDARY)),
})

/** The rules of the workspace; undefined if it has everything.
 *  @throws {StoreCorruptError} STORE_SPARSE_CORRUPT (exit 13) */
export function readSparse(workspace: Workspace): PathFilter | undefined {
  const record = readRecord(workspace, 'sparse', sparseSchema)
  return record && createPathFilter(record.rules)
}

/** Under the lock. Rules that leave nothing out are no rules. */
export async function writeSparse(workspace: Workspace, rules: readonly string[]): Promise<void> {
  const kept = simplified(rules)
  createPathFilter(kept) // refuses what could not be read again
  await writeRecord(workspace, 'sparse', kept.length === 1 && kept[0] === '**' ? null : { rules: kept })
}

/** Commits that were left out of the history on purpose: parents of the oldest ones that are here.
 *  @throws {StoreCorruptError} STORE_SHALLOW_CORRUPT (exit 13) */
export function readShallow(workspace: Workspace): ReadonlySet<ObjectId> {
  return new Set(readRecord(workspace, 'shallow', shallowSchema)?.absent as ObjectId[] | undefined)
}

/** Under the lock. */
export async function writeShallow(workspace: Workspace, absent: ReadonlySet<ObjectId>): Promise<void> {
  await writeRecord(workspace, 'shallow', absent.size === 0 ? null : { absent: [...absent].sort() })
}

/** The last of equal rules, and nothing before one that decides everything. */
function simplified(rules: readonly string[]): string[] {
  const kept: string[] = []
  for (const rule of rules) {
    const bare = rule.replace(/^!/, '')
    if (rule === '**') kept.length = 0
    const before = kept.findIndex((other) => other.replace(/^!/, '') === bare)
    if (before >= 0) kept.splice(before, 1)
    kept.push(rule)
  }
  return kept
}

type RecordName = 'sparse' | 'shallow'

function readRecord<T>(workspace: Workspace, name: RecordName, schema: v.GenericSchema<unknown, T>): T | undefined {
  const path = `${workspace.floeDir}/${name}`
  let text: string
  try {
    text = fromUtf8(workspace.fs.readFile(path, MAX_RECORD_BYTES))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    if (error instanceof TypeError || isErrno(error, 'EFBIG', 'EISDIR', 'ELOOP')) throw corrupt(name, path, 'no record')
    throw error
  }
  const lineEnd = text.indexOf('\n')
  const body = text.slice(lineEnd + 1)
  if (lineEnd < 0 || text.slice(0, lineEnd) !== `floe.${name}.v1 ${sha256Hex(utf8(body))}`)
    throw corrupt(name, path, 'its check does not match')
  const parsed = v.safeParse(schema, JSON.parse(body))
  if (!parsed.success) throw corrupt(name, path, parsed.issues[0].message)
  return parsed.output
}

async function writeRecord(workspace: Workspace, name: RecordName, value: unknown): Promise<void> {
  const path = `${workspace.floeDir}/${name}`
  if (value === null) {
    if (!workspace.fs.stat(path)) return
    discard(workspace.fs, path)
    await workspace.fs.syncDirectory(workspace.floeDir)
    return
  }
  const body = `${JSON.stringify(value)}\n`
  const text = utf8(`floe.${name}.v1 ${sha256Hex(utf8(body))}\n${body}`)
  await replaceFile(workspace.fs, path, [text], { tmpDir: workspace.tmpDir })
}

function corrupt(name: RecordName, path: string, reason: string): StoreCorruptError {
  const hints =
    name === 'sparse'
      ? ['nothing is lost: clone the repository again beside this one, with the same --filter']
      : ['nothing is lost: delete the file, and the history ends with an error where it was cut off']
  return new StoreCorruptError(`STORE_${name.toUpperCase()}_CORRUPT`, path, reason, hints)
}
