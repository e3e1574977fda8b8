/** Failures of verbs. */

import { FloeError, UsageError } from '../base/errors.ts'

const MAX_LISTED = 100

/** There is nothing for the commit to record (exit 1). */
export class NothingStagedError extends FloeError {
  override name = 'NothingStagedError'
  /** @param hint - what to type next, given what `status` would show */
  constructor(hint: string) {
    super('other', 'COMMIT_NOTHING_STAGED', 'nothing is staged for a commit', { hints: [hint] })
  }
}

/** A commit needs a word about what it is (exit 2). */
export class MessageEmptyError extends UsageError {
  override name = 'MessageEmptyError'
  constructor() {
    super('COMMIT_MESSAGE_EMPTY', 'the commit message is empty')
  }
}

/** Nobody is named as the author (exit 2). */
export class AuthorMissingError extends UsageError {
  override name = 'AuthorMissingError'
  constructor() {
    super('COMMIT_AUTHOR_MISSING', 'who makes this commit is not known', {
      hints: ['set it with `floe config set user.name "Your Name"`'],
    })
  }
}

/** Named paths that are neither on disk nor tracked (exit 2). */
export class PathsUnknownError extends UsageError {
  override name = 'PathsUnknownError'
  constructor(paths: readonly string[], where: string) {
    super('PATH_UNKNOWN', `${paths.slice(0, 3).join(', ')} matches nothing in ${where}`, {
      data: { paths: paths.slice(0, MAX_LISTED), where },
      hints: ['`floe status` shows what there is'],
    })
  }
}

/** Named paths of which no version knows, nor staging, where only what is tracked is meant (exit 2). */
export class PathsUntrackedError extends UsageError {
  override name = 'PathsUntrackedError'
  constructor(paths: readonly string[]) {
    const verb = paths.length > 1 ? 'are' : 'is'
    super('PATH_UNTRACKED', `${paths.slice(0, 3).join(', ')} ${verb} not tracked`, {
      data: { paths: paths.slice(0, MAX_LISTED) },
      hints: ['stage what is new with `floe add` first'],
    })
  }
}

/** Named paths that `.floeignore` excludes (exit 2). */
export class PathsIgnoredError extends UsageError {
  override name = 'PathsIgnoredError'
  constructor(paths: readonly string[]) {
    super('PATH_IGNORED', `${paths.slice(0, 3).join(', ')} is excluded by .floeignore`, {
      data: { paths: paths.slice(0, MAX_LISTED) },
      hints: ['add it anyway with --force'],
    })
  }
}

/** Named paths that are pipes, sockets or devices (exit 2). */
export class PathSpecialError extends UsageError {
  override name = 'PathSpecialError'
  constructor(paths: readonly string[]) {
    const verb = paths.length > 1 ? 'are no files' : 'is no file'
    super('PATH_SPECIAL', `${paths.slice(0, 3).join(', ')} ${verb} but a pipe, socket or device`, {
      data: { paths: paths.slice(0, MAX_LISTED) },
      hints: ['a version holds files and symbolic links only; nothing was staged'],
    })
  }
}

/** A path outside the workspace (exit 2). */
export class PathOutsideError extends UsageError {
  override name = 'PathOutsideError'
  constructor(path: string, root: string) {
    super('PATH_OUTSIDE', `${path} is outside the workspace ${root}`, { data: { path, root } })
  }
}

/** `rm` would delete changes that are in no commit (exit 1). */
export class RemoveRefusedError extends FloeError {
  override name = 'RemoveRefusedError'
  /** @param cached - the files were to stay */
  constructor(paths: readonly string[], cached = false) {
    const named = paths.slice(0, 3).join(', ')
    const what = cached
      ? 'has staged contents that neither the file nor a commit has'
      : 'has changes that are in no commit'
    super('other', 'REMOVE_REFUSED', `${named} ${what}`, {
      data: { paths: paths.slice(0, MAX_LISTED), count: paths.length },
      hints: [cached ? 'throw them away with --force' : 'keep the files with --cached, or delete them with --force'],
    })
  }
}

/** A folder named without --recursive (exit 2). */
export class RecursiveNeededError extends UsageError {
  override name = 'RecursiveNeededError'
  constructor(path: string) {
    super('REMOVE_RECURSIVE', `${path} is a folder`, { data: { path }, hints: ['remove a folder with -r'] })
  }
}

/** A branch or tag that should not exist does, or the reverse (exit 2). */
export class RefStateError extends UsageError {
  override name = 'RefStateError'
  constructor(code: 'REF_EXISTS' | 'REF_UNKNOWN' | 'REF_IN_USE', message: string, ref: string, hints: string[] = []) {
    super(code, message, { data: { ref }, hints })
  }
}

/** Deleting the branch would make its commits unreachable (exit 1). */
export class BranchNotMergedError extends FloeError {
  override name = 'BranchNotMergedError'
  constructor(branch: string, commit: string) {
    super('other', 'BRANCH_NOT_MERGED', `no other ref holds the commits of ${branch}`, {
      data: { branch, commit },
      hints: ['delete it all the same with --force'],
    })
  }
}

/** Both sides changed the same paths (exit 1). */
export class MergeConflictError extends FloeError {
  override name = 'MergeConflictError'
  /** @param label - what theirs is called: `origin/main` */
  constructor(paths: readonly string[], ours: string, theirs: string, label = theirs.slice(0, 12)) {
    super('other', 'MERGE_CONFLICT', `both sides changed ${paths.slice(0, 3).join(', ')}`, {
      data: { paths: paths.slice(0, MAX_LISTED), count: paths.length, ours, theirs },
      hints: [
        `\`floe merge ${label}\` merges the rest and lets you settle each path`,
        'or put your work on another branch with `floe switch -c NAME`',
      ],
    })
  }
}

/** The files differ from HEAD, so nothing can be merged into them (exit 1). */
export class WorkspaceDirtyError extends FloeError {
  override name = 'WorkspaceDirtyError'
  constructor(paths: readonly string[]) {
    super('other', 'WORKSPACE_DIRTY', `there are uncommitted changes in ${paths.slice(0, 3).join(', ')}`, {
      data: { paths: paths.slice(0, MAX_LISTED), count: paths.length },
      hints: ['commit them first'],
    })
  }
}

/** No such key in the configuration, or a value that it cannot have (exit 2). */
export class ConfigKeyError extends UsageError {
  override name = 'ConfigKeyError'
  constructor(key: string, reason: string) {
    super('CONFIG_KEY', `${key}: ${reason}`, { data: { key, reason } })
  }
}
