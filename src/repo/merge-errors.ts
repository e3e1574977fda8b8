/** Failures of merging, picking, stashing and moving. */

import { FloeError, UsageError } from '../base/errors.ts'
import { StoreCorruptError } from '../store/errors.ts'

const MAX_LISTED = 100

/** What has been begun and waits for its conflicts to be resolved. */
export type OperationKind = 'merge' | 'cherry-pick' | 'revert' | 'rebase'

/** An operation is under way, or none is, where the opposite is needed (exit 1). */
export class OperationError extends FloeError {
  override name = 'OperationError'
  constructor(code: 'OPERATION_IN_PROGRESS' | 'OPERATION_NONE', kind: OperationKind) {
    const isOpen = code === 'OPERATION_IN_PROGRESS'
    super('other', code, isOpen ? `a ${kind} is in progress` : `there is no ${kind} in progress`, {
      data: { kind },
      hints: isOpen ? [`finish it with \`floe ${kind} --continue\`, or undo it with \`floe ${kind} --abort\``] : [],
    })
  }
}

/** Conflicts are left (exit 1). */
export class UnresolvedError extends FloeError {
  override name = 'UnresolvedError'
  constructor(kind: OperationKind, paths: readonly string[]) {
    super('other', 'MERGE_UNRESOLVED', `not resolved: ${paths.slice(0, 3).join(', ')}`, {
      data: { paths: paths.slice(0, MAX_LISTED), count: paths.length },
      hints: [
        `choose a side with \`floe ${kind} --ours PATH\` or \`--theirs PATH\``,
        `or edit the file and take it as it is with \`floe ${kind} --file PATH\``,
      ],
    })
  }
}

/** A file still has the lines that mark a conflict (exit 1). */
export class MarkersLeftError extends FloeError {
  override name = 'MarkersLeftError'
  constructor(path: string) {
    super('other', 'MERGE_MARKERS_LEFT', `${path} still has conflict markers`, {
      data: { path },
      hints: ['edit it, or stage it as it is with `floe add`'],
    })
  }
}

/** Nothing is left to be done: the changes are here already (exit 1). */
export class NothingToApplyError extends FloeError {
  override name = 'NothingToApplyError'
  constructor(kind: OperationKind, revision: string) {
    super('other', 'PICK_NOTHING', `${kind} ${revision}: its changes make no difference here`, { data: { revision } })
  }
}

/** What is picked without a commit conflicts with what is here (exit 1). */
export class PickConflictError extends FloeError {
  override name = 'PickConflictError'
  constructor(kind: OperationKind, label: string, paths: readonly string[]) {
    super('other', 'MERGE_CONFLICT', `${label} conflicts with what is here in ${paths.slice(0, 3).join(', ')}`, {
      data: { label, paths: paths.slice(0, MAX_LISTED), count: paths.length },
      hints: [
        'nothing was changed; `--ours` or `--theirs` beside `-n` settles conflicts at once, all or those of paths',
        `\`floe ${kind}\` without \`-n\` lets you settle each of them; \`floe reset --soft HEAD~1\` after it keeps its changes staged`,
      ],
    })
  }
}

/** A merge commit has several sides, and one has to be chosen (exit 2). */
export class MainlineError extends UsageError {
  override name = 'MainlineError'
  constructor(revision: string, parents: number) {
    const isMerge = parents > 1
    super('PICK_MAINLINE', `${revision} ${isMerge ? `is a merge of ${parents} versions` : 'has no such parent'}`, {
      data: { revision, parents },
      hints: isMerge ? ['say which parent its changes count from, with `--mainline 1`'] : [],
    })
  }
}

/** A fast-forward was demanded and is not possible (exit 1). */
export class NotFastForwardError extends FloeError {
  override name = 'NotFastForwardError'
  constructor(label: string) {
    super('other', 'MERGE_NOT_FAST_FORWARD', `the current branch and ${label} have parted`, {
      data: { label },
      hints: ['merge them without --ff-only'],
    })
  }
}

/** No such stash, or nothing to put into one. */
export class StashError extends UsageError {
  override name = 'StashError'
  constructor(code: 'STASH_UNKNOWN' | 'STASH_NOTHING', message: string, stash?: string) {
    super(code, message, {
      data: stash === undefined ? {} : { stash },
      hints: ['`floe stash list` shows what there is'],
    })
  }
}

/** A destination that cannot be meant (exit 2). */
export class MoveRefusedError extends UsageError {
  override name = 'MoveRefusedError'
  constructor(from: string, to: string, reason: string, hints: string[] = []) {
    super('MOVE_REFUSED', `cannot move ${from} to ${to}: ${reason}`, { data: { from, to }, hints })
  }
}

/** The record of a merge in progress is damaged (exit 13). */
export function operationCorrupt(path: string, reason: string): StoreCorruptError {
  return new StoreCorruptError('STORE_OPERATION_CORRUPT', path, reason, [
    `nothing committed is affected; delete ${path}, then bring the files back with \`floe reset --hard\``,
  ])
}
