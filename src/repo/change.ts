/** What happened to a path between two versions, as plain data. */

import { sameEntry, type TreeEntry } from '../objects/tree.ts'
import { type FileRecord, fileRecord } from './file-record.ts'

export type ChangeStatus = 'added' | 'modified' | 'deleted' | 'type-changed' | 'mode-changed'

/** A file on disk whose size alone tells that it changed has not been hashed. */
export type WorktreeRecord = Omit<FileRecord, 'fileId' | 'content'> & Partial<Pick<FileRecord, 'fileId' | 'content'>>

export interface Change {
  path: string
  status: ChangeStatus
  before?: FileRecord
  after?: WorktreeRecord
}

/** The change between two entries of one path, or undefined if there is none. */
export function changeBetween(
  path: string,
  before: TreeEntry | null | undefined,
  after: TreeEntry | null | undefined,
): Change | undefined {
  if (!before && !after) return undefined
  if (!before) return { path, status: 'added', after: fileRecord(after!) }
  if (!after) return { path, status: 'deleted', before: fileRecord(before) }
  if (sameEntry(before, after)) return undefined
  return { path, status: statusBetween(before, after), before: fileRecord(before), after: fileRecord(after) }
}

function statusBetween(before: TreeEntry, after: TreeEntry): ChangeStatus {
  if (before.kind !== after.kind) return 'type-changed'
  return before.fileId === after.fileId ? 'mode-changed' : 'modified'
}
