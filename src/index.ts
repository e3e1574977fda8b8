/** The library: the use cases of the command line as functions, without a terminal and without the environment.
 *
 *  Local verbs take a `Workspace` from `openWorkspace`; verbs that reach a network take a directory or an address, and
 *  `RemoteOptions`. Results are plain data; every failure on purpose is a `FloeError`. */

export {
  CancelledError,
  type ErrorKind,
  EXIT_CODES,
  FloeError,
  type FloeErrorOptions,
  IntegrityError,
  InternalError,
  UsageError,
} from './base/errors.ts'
export { type NetworkProfile, parseNetworkProfile } from './ledger/networks.ts'
export { grantAccess, listAccess, revokeAccess } from './repo/access.ts'
export { type AddOptions, type AddResult, add } from './repo/add.ts'
export { computeFileBlobId, type FileBlobId } from './repo/blob-id.ts'
export {
  createBranch,
  createTag,
  deleteBranch,
  deleteTag,
  listBranches,
  listTags,
  renameBranch,
} from './repo/branch.ts'
export { type CatOptions, catFile, parseRevisionPath } from './repo/cat.ts'
export type { Change } from './repo/change.ts'
export { type CloneOptions, type CloneResult, clone } from './repo/clone.ts'
export { type CommitOptions, type CommitResult, commit } from './repo/commit.ts'
export { type CommitProvenance, commitStatement, provenanceOfCommit } from './repo/commit-statement.ts'
export { getConfig, listConfig, setConfig, unsetConfig } from './repo/config.ts'
export { type DiffOptions, diffOf } from './repo/diff.ts'
export { exportFileList } from './repo/export-file-list.ts'
export { exportPushLog, type PushLogRow } from './repo/export-push-log.ts'
export { requestFaucet } from './repo/faucet.ts'
export { fetchRemote } from './repo/fetch.ts'
export type { FileRecord } from './repo/file-record.ts'
export { initWorkspace } from './repo/init.ts'
export { generateKey, importKey, listKeys, showAddress } from './repo/key.ts'
export { type LocalNetworkIds, localNetworkProfile } from './repo/local-profile.ts'
export { type CommitRecord, type LogOptions, logOf } from './repo/log.ts'
export { type ListOptions, listFiles } from './repo/ls.ts'
export { listNetworks } from './repo/network-profiles.ts'
export { workspacePath } from './repo/paths.ts'
export type { OnProgress, ProgressEvent } from './repo/progress.ts'
export { type PullOptions, type PullResult, pull } from './repo/pull.ts'
export { type PushOptions, type PushResult, push } from './repo/push.ts'
export type { PushCost } from './repo/push-cost.ts'
export { type PushLog, pushLogOf } from './repo/push-log.ts'
export { addRemote, listRemotes, showRemote } from './repo/remote.ts'
export type { KeySource, RemoteOptions } from './repo/remote-options.ts'
export { type RestoreOptions, restore } from './repo/restore.ts'
export { remove } from './repo/rm.ts'
export { type Status, type StatusOptions, statusOf } from './repo/status.ts'
export { type SwitchOptions, type SwitchResult, switchTo } from './repo/switch.ts'
export { type VerifyLocalOptions, type VerifyLocalReport, verifyLocal } from './repo/verify-local.ts'
export { type VerifyCheck, type VerifyRemoteOptions, type VerifyReport, verifyRemote } from './repo/verify-remote.ts'
export { openWorkspace, type Workspace } from './store/workspace.ts'
