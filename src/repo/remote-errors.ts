/** Failures of the remote verbs. */

import { FloeError, type FloeErrorOptions, IntegrityError, UsageError } from '../base/errors.ts'

/** The workspace has no remote of that name (exit 2). */
export class RemoteMissingError extends UsageError {
  override name = 'RemoteMissingError'
  /** @param hints - what else may have been meant */
  constructor(remote: string, known: readonly string[], hints: readonly string[] = []) {
    super('REMOTE_MISSING', `the workspace has no remote called "${remote}"`, {
      data: { remote, known },
      hints: [
        known.length > 0
          ? `Known remotes: ${known.join(', ')}`
          : 'Create a repository with `floe push --create NAME`, or name one with `floe remote add origin NETWORK:OBJECT_ID`',
        ...hints,
      ],
    })
  }
}

/** Somebody else moved the ref first (exit 1). Nothing is lost and nothing was changed. */
export class StalePushError extends FloeError {
  override name = 'StalePushError'
  constructor(ref: string, remoteCommit: string | null, expected: string | null, verb: 'push' | 'delete' = 'push') {
    super(
      'other',
      'PUSH_STALE',
      `${ref} has moved on the remote: it is at ${remoteCommit?.slice(0, 12) ?? 'nothing'}`,
      {
        data: { ref, remote: remoteCommit, expected },
        hints:
          verb === 'delete'
            ? ['See what it has now with `floe fetch`, or delete it all the same with --force']
            : [
                'Run `floe pull` to take the others’ work in, then push again',
                'Or overwrite it for everyone with `floe push --force`; the chain keeps a record of that',
              ],
      },
    )
  }
}

/** The push cannot be made as asked (exit code by kind). */
export class PushRefusedError extends FloeError {
  override name = 'PushRefusedError'
}

/** What the remote says contradicts itself, its packs or what this workspace knows (exit 13). */
export class RemoteIntegrityError extends IntegrityError {
  override name = 'RemoteIntegrityError'
  constructor(code: string, message: string, options?: FloeErrorOptions) {
    super(code, message, options)
  }
}
