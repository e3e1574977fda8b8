/** What an import gives, and what it notes on the way. */

import { FloeError } from '../base/errors.ts'
import type { ObjectId } from '../objects/id.ts'

export type SourceKind = 'git' | 'dvc' | 'folder'

export interface MissingContent {
  /** Which tool should have it. */
  kind: 'lfs' | 'dvc'
  /** SHA-256 or MD5 in hex; empty if the tool knows none. */
  id: string
  path: string
}

export interface ImportNotes {
  /** Contents that are not at the source; each once. */
  missing: MissingContent[]
  /** Paths that Floe cannot hold, and why. */
  leftOut: { path: string; reason: string }[]
  /** What was changed to fit: refs of other names, texts cut or in an unknown encoding. */
  warnings: { code: string; message: string }[]
}

export interface ImportCounts {
  /** Versions that are new here, and those that an earlier import brought. */
  commits: number
  known: number
  /** Contents that were read: all of them, those of LFS and those of DVC. */
  files: number
  lfsFiles: number
  dvcFiles: number
  bytes: number
  /** Bytes that the store did not have. */
  newBytes: number
}

export interface ImportResult extends ImportCounts, ImportNotes {
  $kind: 'imported' | 'up-to-date' | 'dry-run'
  source: { kind: SourceKind; path: string }
  /** Its branches are `name/branch` here. */
  name: string
  /** How many are missing or left out, beyond the first hundred that are listed. */
  missingCount: number
  leftOutCount: number
  updated: { ref: string; old: ObjectId | null; new: ObjectId }[]
  /** Tags that mean something else here and were left alone. */
  keptTags: string[]
  /** The branch that was made and is current now: the workspace had no version before. */
  branch: string | null
  /** Files written; null if the files were left as they are. */
  written: number | null
}

const MAX_LISTED = 100

export interface NoteBook extends ImportNotes {
  missingCount: number
  leftOutCount: number
  addMissing(content: MissingContent): void
  leaveOut(path: string, reason: string): void
  warn(code: string, message: string): void
}

/** Notes of each thing once, the first hundred of a kind with their names. */
export function createNoteBook(): NoteBook {
  const seen = new Set<string>()
  const isNew = (key: string) => {
    if (seen.has(key)) return false
    // Past this it only counts.
    if (seen.size < 1_000_000) seen.add(key)
    return true
  }
  const book: NoteBook = {
    missing: [],
    leftOut: [],
    warnings: [],
    missingCount: 0,
    leftOutCount: 0,
    addMissing(content) {
      if (!isNew(`m${content.kind}${content.id || content.path}`)) return
      book.missingCount++
      if (book.missing.length < MAX_LISTED) book.missing.push(content)
    },
    leaveOut(path, reason) {
      if (!isNew(`l${path}`)) return
      book.leftOutCount++
      if (book.leftOut.length < MAX_LISTED) book.leftOut.push({ path, reason })
    },
    warn(code, message) {
      if (isNew(`w${code}${message}`) && book.warnings.length < MAX_LISTED) book.warnings.push({ code, message })
    },
  }
  return book
}

/** Contents that versions need are not at the source (exit 1): nothing was imported. */
export class ImportMissingError extends FloeError {
  override name = 'ImportMissingError'
  constructor({ missing, missingCount }: NoteBook) {
    const kinds = new Set(missing.map(({ kind }) => kind))
    const first = missing[0]
    super(
      'other',
      'IMPORT_CONTENT_MISSING',
      `the source lacks ${missingCount} of the contents that its versions need, such as ${first?.path ?? ''}`,
      {
        data: { count: missingCount, missing },
        hints: [
          ...(kinds.has('lfs') ? ['`git lfs fetch --all` in the source brings what its server has'] : []),
          ...(kinds.has('dvc')
            ? [
                '`dvc fetch --all-commits` in the source brings what its remote has; a cache elsewhere: `--dvc-cache DIR`',
              ]
            : []),
          '`--skip-missing` imports the rest, with the pointers in place of the contents',
        ],
      },
    )
  }
}
