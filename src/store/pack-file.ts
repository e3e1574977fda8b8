/** Pack files on the local disk. */

import type { ObjectId, ObjectKind } from '../objects/id.ts'
import type { PackKind } from '../objects/pack.ts'
import type { FileSystem } from './file-system.ts'
import type { PackObject } from './merged-index.ts'

export const PACK_SUFFIX = '.pack'

/** A sealed pack. */
export interface PackFile {
  readonly kind: PackKind
  readonly bytes: number
  readonly count: number
  objects(): PackObject[]
  /** Undefined if the pack does not hold it. */
  read(kind: ObjectKind, id: ObjectId): Promise<Uint8Array | undefined>
  close(): void
}

/** A pack being written. */
export interface PackBuilder {
  /** Raw bytes so far. */
  readonly bytes: number
  add(kind: ObjectKind, id: ObjectId, bytes: Uint8Array): Promise<void>
  /** Writes index and footer, syncs, renames. */
  finish(pathOf: (name: string) => string): Promise<{ name: string; objects: readonly PackObject[] }>
  abort(): void
}

export declare function openPackFile(fs: FileSystem, path: string): Promise<PackFile>
export declare function createPackFile(fs: FileSystem, tmpDir: string, kind: PackKind): PackBuilder
