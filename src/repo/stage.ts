/** Putting what is on disk into staging. Under the lock. */

import type { HeldResult } from '../store/held-keep.ts'
import { encodeStagedRecords } from '../store/staging.ts'
import type { Workspace } from '../store/workspace.ts'
import { type CollectOptions, collect, saveCollectedStats } from './collect.ts'
import { overlay } from './overlay.ts'
import { keepStaged } from './sparse-scope.ts'
import type { AddedFile } from './staged-table.ts'

export interface StageResult {
  /** Made when it is asked for: of a million files it takes more memory than all the rest. */
  readonly added: AddedFile[]
  removed: string[]
  /** Number and size of what was added. */
  files: number
  bytes: number
  newBytes: number
  /** Files that hold their contents themselves from now on, and what that lost of earlier versions. */
  inPlace: HeldResult[]
}

/** Reads new contents into the store, makes them durable, then replaces staging. The first file that cannot be read
 *  ends it, with nothing staged. */
export async function stage(workspace: Workspace, options: Omit<CollectOptions, 'for'>): Promise<StageResult> {
  const session = await workspace.store.begin()
  try {
    const collected = await collect(workspace, session, { ...options, for: 'staging' })
    const { versions, changes } = collected
    await session.seal()
    await keepStaged(workspace, versions, changes)
    // Over nothing that was staged before, it is the overlay as it is.
    if (changes.count > 0 && versions.staging.count === 0)
      await workspace.writeStagedRecords(collected.staging ?? encodeStagedRecords(changes.records()))
    else if (changes.count > 0) await workspace.writeStaging(await overlay(versions, changes))
    await saveCollectedStats(workspace, collected)
    return {
      get added() {
        return changes.added()
      },
      removed: changes.removed(),
      files: changes.files,
      bytes: changes.bytes,
      newBytes: session.newBytes,
      inPlace: [...session.held],
    }
  } finally {
    session.abort()
  }
}
