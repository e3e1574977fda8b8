/** Which of the added files are others that moved or were copied, by file id: contents decide, never likeness. */

import type { Change } from './change.ts'

export interface RenamedChange extends Omit<Change, 'status'> {
  status: 'renamed' | 'copied'
  /** Where the contents were before. */
  from: string
}

/** The changes with pairs of a deleted and an added path made one, in the order of the new paths. An added path whose
 *  contents some changed or renamed path had before is a copy. Empty files are left alone. */
export function withRenames(changes: readonly Change[]): (Change | RenamedChange)[] {
  const deleted = new Map<string, Change[]>()
  const sources = new Map<string, Change>()
  for (const change of changes) {
    const key = contentKey(change.before)
    if (key === undefined) continue
    sources.set(key, change)
    if (change.status === 'deleted') deleted.set(key, [...(deleted.get(key) ?? []), change])
  }
  const gone = new Set<Change>()
  const result: (Change | RenamedChange)[] = []
  for (const change of changes) {
    const key = change.status === 'added' ? contentKey(change.after) : undefined
    const from = key === undefined ? undefined : deleted.get(key)?.shift()
    const source = from ?? (key === undefined ? undefined : sources.get(key))
    if (from) gone.add(from)
    if (!source) result.push(change)
    else result.push({ ...change, before: source.before!, status: from ? 'renamed' : 'copied', from: source.path })
  }
  return result.filter((change) => !gone.has(change as Change))
}

function contentKey(file: { kind: string; bytes: number; fileId?: string } | undefined): string | undefined {
  return file && file.bytes > 0 && file.fileId ? `${file.kind}:${file.fileId}` : undefined
}
