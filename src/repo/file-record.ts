/** A file of a version, as plain data. */

import type { ObjectId } from '../objects/id.ts'
import type { TreeEntry } from '../objects/tree.ts'

export interface FileRecord {
  path: string
  kind: 'file' | 'symlink'
  executable: boolean
  /** Size of the file, or of the link's target. */
  bytes: number
  /** SHA-256 of the contents: what `sha256sum` prints. */
  fileId: ObjectId
  content: { kind: 'chunk' | 'map'; id: ObjectId } | null
}

export function fileRecord({ path, kind, executable, bytes, fileId, content }: TreeEntry): FileRecord {
  return { path, kind, executable, bytes, fileId, content: content && { kind: content.kind, id: content.id } }
}
