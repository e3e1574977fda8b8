/** Which of the added files are others that moved or were copied, by file id: contents decide, never likeness. */

import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import { walkTree } from '../objects/tree.ts'
import type { Change } from './change.ts'
import { type FileRecord, fileRecord } from './file-record.ts'

export interface RenamedChange extends Omit<Change, 'status'> {
  status: 'renamed' | 'copied'
  /** Where the contents were before. */
  from: string
}

/** The changes with pairs of a deleted and an added path made one, in the order of the new paths. An added path whose
 *  contents some other path had before is a copy. Empty files are left alone.
 *  @param unchanged - files that did not change and may have been copied: see `copiedFrom` */
export function withRenames(
  changes: readonly Change[],
  unchanged: readonly FileRecord[] = [],
): (Change | RenamedChange)[] {
  const deleted = new Map<string, Change[]>()
  const sources = new Map<string, FileRecord>()
  for (const file of unchanged) sources.set(contentKey(file)!, file)
  for (const change of changes) {
    const key = contentKey(change.before)
    if (key === undefined) continue
    sources.set(key, change.before!)
    if (change.status === 'deleted') deleted.set(key, [...(deleted.get(key) ?? []), change])
  }
  const gone = new Set<Change>()
  const result: (Change | RenamedChange)[] = []
  for (const change of changes) {
    const key = change.status === 'added' ? contentKey(change.after) : undefined
    const from = key === undefined ? undefined : deleted.get(key)?.shift()
    const source = from?.before ?? (key === undefined ? undefined : sources.get(key))
    if (from) gone.add(from)
    if (!source) result.push(change)
    else result.push({ ...change, before: source, status: from ? 'renamed' : 'copied', from: source.path })
  }
  return result.filter((change) => !gone.has(change as Change))
}

/** Files of the older version with the contents of an added path, the first of each contents in path order. Walks through
 *  all of that version, if anything was added at all. */
export async function copiedFrom(
  { read, before, changes }: { read: ReadObject; before: ObjectId; changes: readonly Change[] },
  options: { signal?: AbortSignal | undefined } = {},
): Promise<FileRecord[]> {
  const wanted = new Set<string>()
  for (const { status, after } of changes) {
    const key = status === 'added' ? contentKey(after) : undefined
    if (key !== undefined) wanted.add(key)
  }
  const found: FileRecord[] = []
  if (wanted.size === 0) return found
  for await (const entry of walkTree(read, before, options)) {
    if (!wanted.delete(contentKey(entry) ?? '')) continue
    found.push(fileRecord(entry))
    if (wanted.size === 0) break
  }
  return found
}

function contentKey(file: { kind: string; bytes: number; fileId?: string } | undefined): string | undefined {
  return file && file.bytes > 0 && file.fileId ? `${file.kind}:${file.fileId}` : undefined
}
