/** Failures of working on a part of a version. */

import { FloeError, UsageError } from '../base/errors.ts'

const MAX_LISTED = 100

/** A file would be staged in place of one that was never brought here (exit 1). */
export class AbsentReplacedError extends FloeError {
  override name = 'AbsentReplacedError'
  constructor(path: string) {
    super('other', 'SPARSE_UNSEEN', `${path} is in the version with contents that are not here`, {
      data: { path },
      hints: [
        `see them with \`floe cat ${path}\`, or move your file away and bring them with \`floe get ${path}\``,
        `replace them with \`floe add --force ${path}\``,
      ],
    })
  }
}

/** A filter that would leave nothing (exit 2). */
export class FilterMatchesNothingError extends UsageError {
  override name = 'FilterMatchesNothingError'
  /** @param folders - what there is at the top */
  constructor(rules: readonly string[], folders: readonly string[]) {
    super('FILTER_MATCHES_NOTHING', `no path of the version matches ${rules.join(', ')}`, {
      data: { rules, folders: folders.slice(0, MAX_LISTED) },
      hints: folders.length > 0 ? [`at the top there are: ${folders.slice(0, 10).join(', ')}`] : [],
    })
  }
}

/** Files that would be lost if they were taken from this disk (exit 1). */
export class DropRefusedError extends FloeError {
  override name = 'DropRefusedError'
  constructor(reason: string, paths: readonly string[], hints: readonly string[]) {
    super('other', 'DROP_REFUSED', `${paths.slice(0, 3).join(', ')} ${reason}`, {
      data: { paths: paths.slice(0, MAX_LISTED), count: paths.length, reason },
      hints: [...hints],
    })
  }
}

/** A version beyond where a clone with `--depth` cut history off (exit 2). */
export class HistoryCutError extends UsageError {
  override name = 'HistoryCutError'
  constructor(commit: string) {
    super('HISTORY_CUT', `history is cut off here before ${commit.slice(0, 12)}: the clone was made with --depth`, {
      data: { commit },
      hints: ['`floe fetch --deepen 10` brings more of it, `floe fetch --unshallow` all'],
    })
  }
}
