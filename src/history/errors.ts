/** Failures of finding a commit. */

import { FloeError, UsageError } from '../base/errors.ts'
import { safeText } from '../objects/text.ts'
import type { Head } from '../store/refs.ts'

const SHOWN_CHARS = 200

/** No ref, reflog entry or commit goes by this text. */
export class RevisionUnknownError extends UsageError {
  override name = 'RevisionUnknownError'
  readonly reason: string
  constructor(
    revision: string,
    reason: string,
    hints: readonly string[] = ['`floe log` and `floe branch` list what there is'],
  ) {
    const shown = safeText(revision.slice(0, SHOWN_CHARS))
    super('REVISION_UNKNOWN', `unknown revision ${shown}: ${reason}`, { data: { revision: shown, reason }, hints })
    this.reason = reason
  }
}

/** HEAD is on a branch without a commit. */
export class UnbornError extends RevisionUnknownError {
  override name = 'UnbornError'
  constructor(revision: string, head: Head) {
    const place = head.$kind === 'branch' ? `the branch ${head.branch}` : 'HEAD'
    super(revision, `${place} has no commits yet`, ['`floe add .` and `floe commit -m "first version"` make one'])
  }
}

/** The text cannot be a revision. */
export class RevisionMalformedError extends UsageError {
  override name = 'RevisionMalformedError'
  readonly reason: string
  constructor(revision: string, reason: string) {
    const shown = safeText(revision.slice(0, SHOWN_CHARS))
    super('REVISION_MALFORMED', `${shown} is no revision: ${reason}`, { data: { revision: shown, reason } })
    this.reason = reason
  }
}

/** Several commits begin with these digits. */
export class RevisionAmbiguousError extends UsageError {
  override name = 'RevisionAmbiguousError'
  constructor(prefix: string, candidates: readonly string[]) {
    super('REVISION_AMBIGUOUS', `${prefix} could be several commits`, {
      data: { prefix, candidates },
      hints: ['give more digits'],
    })
  }
}

/** The path is not in that version. */
export class PathUnknownError extends UsageError {
  override name = 'PathUnknownError'
  constructor(path: string, where: string) {
    super('PATH_UNKNOWN', `there is no ${path} in ${where}`, { data: { path, where } })
  }
}

/** A file was asked for, and the path is a folder. */
export class PathIsFolderError extends UsageError {
  override name = 'PathIsFolderError'
  constructor(path: string, revision: string) {
    super('PATH_IS_FOLDER', `${path} is a folder in ${revision}`, {
      data: { path, revision },
      hints: [`\`floe ls ${revision}:${path}\` lists what is in it`],
    })
  }
}

const TABLE_REASONS = {
  TABLE_MALFORMED: (what: string) => what,
  TABLE_KEY_UNKNOWN: (what: string) => `there is no ${what} to tell rows by`,
  TABLE_KEY_DUPLICATE: (what: string) => `two rows have the key ${what}`,
}

/** A table that cannot be merged by rows (exit 1). */
export class TableError extends FloeError {
  override name = 'TableError'
  /** @param line - of the file, from 1 */
  constructor(code: keyof typeof TABLE_REASONS, where: string, what: string, line: number) {
    const shown = safeText(what.slice(0, SHOWN_CHARS))
    super('other', code, `${where}, line ${line}: ${TABLE_REASONS[code](shown)}`, {
      data: { table: where, line, what: shown },
      hints: ['merge by lines with `floe merge --no-rows`, or take one side with --ours or --theirs'],
    })
  }
}
