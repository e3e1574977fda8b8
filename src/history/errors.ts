/** Failures of finding a commit. */

import { UsageError } from '../base/errors.ts'
import { safeText } from '../objects/text.ts'

const SHOWN_CHARS = 200

/** No ref, reflog entry or commit goes by this text. */
export class RevisionUnknownError extends UsageError {
  override name = 'RevisionUnknownError'
  constructor(revision: string, reason: string) {
    const shown = safeText(revision.slice(0, SHOWN_CHARS))
    super('REVISION_UNKNOWN', `unknown revision ${shown}: ${reason}`, {
      data: { revision: shown, reason },
      hints: ['`floe log` and `floe branch` list what there is'],
    })
  }
}

/** The text cannot be a revision. */
export class RevisionMalformedError extends UsageError {
  override name = 'RevisionMalformedError'
  constructor(revision: string, reason: string) {
    const shown = safeText(revision.slice(0, SHOWN_CHARS))
    super('REVISION_MALFORMED', `${shown} is no revision: ${reason}`, { data: { revision: shown, reason } })
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
