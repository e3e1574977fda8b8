/** Failures of reading what another tool keeps. Where the bytes themselves are wrong it is exit 13. */

import { FloeError, IntegrityError, UsageError } from '../base/errors.ts'

/** There is nothing at the source that can be imported (exit 2). */
export class ImportSourceError extends UsageError {
  override name = 'ImportSourceError'
  constructor(code: string, message: string, source: string, hints: readonly string[]) {
    super(code, message, { data: { source }, hints })
  }
}

/** git cannot be run, says that something is wrong, or prints more than is taken: IMPORT_GIT_ABSENT, IMPORT_GIT_FAILED,
 *  IMPORT_GIT_LINE (exit 1). */
export class GitFailedError extends FloeError {
  override name = 'GitFailedError'
  constructor(code: string, message: string, data: Readonly<Record<string, unknown>>, hints: readonly string[]) {
    super('other', code, message, { data, hints })
  }
}

/** An object of the source is not what its id promises: IMPORT_OBJECT_CORRUPT (exit 13). */
export class ForeignObjectCorruptError extends IntegrityError {
  override name = 'ForeignObjectCorruptError'
  /** @param path - of a file that has it, where that is known */
  constructor(what: string, id: string, reason: string, hint: string, path?: string) {
    const named = path === undefined ? '' : `${path} cannot be read: `
    super('IMPORT_OBJECT_CORRUPT', `${named}${what} ${id} is damaged: ${reason}`, {
      data: { what, id, reason, ...(path === undefined ? {} : { path }) },
      hints: [hint, 'nothing of the import that was not complete is visible; run it again then'],
    })
  }

  /** The same, of a file: people know that, and not what another tool calls its contents. */
  at(path: string): ForeignObjectCorruptError {
    const { what, id, reason } = this.data as { what: string; id: string; reason: string }
    return new ForeignObjectCorruptError(what, id, reason, this.hints[0]!, path)
  }
}

/** A file that another tool wrote is not as it must be; the caller says which file. */
export class ForeignFormatError extends Error {
  override name = 'ForeignFormatError'
}
