/** What a long verb reports while it runs. Plain data: a terminal view, a log line and a test read the same events.
 *
 *  Events are hints for people. Nothing may depend on receiving them, and a listener must not throw. */

/** One step of progress. `done` and `total` count in the unit named by the field. */
export type ProgressEvent =
  /** push: the objects that the remote lacks are known. */
  | { $kind: 'scanned'; objects: number; bytes: number }
  /** push: a pack was written to the journal folder (`pack` counts from 1). */
  | { $kind: 'packed'; pack: number; packs: number; packBytes: number }
  /** push: slivers and the blob id of a pack are computed. */
  | { $kind: 'encoded'; pack: number; packs: number; blobId: string; encodedBytes: number }
  /** push: storage is bought and the packs are registered on chain. */
  | { $kind: 'registered'; packs: number; digest: string }
  /** push: slivers of one pack on their way; `confirmedShards` of `shards` are signed for. */
  | {
      $kind: 'uploading'
      pack: number
      packs: number
      doneBytes: number
      totalBytes: number
      confirmedShards: number
      shards: number
    }
  /** push: a pack has a certificate of at least 2f+1 shards. */
  | { $kind: 'uploaded'; pack: number; packs: number; confirmedShards: number; shards: number }
  /** push: the packs are certified and deposited and the ref has moved. */
  | { $kind: 'certified'; packs: number; digest: string; ref: string }
  /** fetch, pull, clone, verify: bytes read from storage nodes. `totalBytes` is an estimate and may grow. */
  | { $kind: 'downloading'; doneBytes: number; totalBytes: number }
  /** add, commit, stash: files read into the store; how many there will be is not known. */
  | { $kind: 'staging'; doneFiles: number; doneBytes: number; path: string }
  /** import: commits of the source that are versions here by now, and the files read for them. */
  | { $kind: 'importing'; doneCommits: number; totalCommits: number; doneFiles: number; doneBytes: number }
  /** clone, pull: files written to the workspace. */
  | {
      $kind: 'checking-out'
      doneFiles: number
      totalFiles: number
      doneBytes: number
      totalBytes: number
      path: string
    }
  /** verify: objects checked. */
  | { $kind: 'verifying'; doneObjects: number; totalObjects: number }
  /** A storage node failed or lied; the work goes on without it. */
  | { $kind: 'node-failed'; node: string; url: string; reason: string }

export type OnProgress = (event: ProgressEvent) => void
