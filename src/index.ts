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
export { attributesOf } from './repo/attributes.ts'
export { type BenchNetworkResult, benchNetwork } from './repo/bench-network.ts'
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
export { type CacheInfo, cacheInfo, clearCache, pinVersion, setCacheLimit, unpinVersion } from './repo/cache.ts'
export { type CatOptions, catFile, parseRevisionPath } from './repo/cat.ts'
export type { Change } from './repo/change.ts'
export { type CloneOptions, type CloneResult, clone } from './repo/clone.ts'
export { type AmendOptions, amendCommit, type CommitOptions, type CommitResult, commit } from './repo/commit.ts'
export { type CommitProvenance, commitStatement, provenanceOfCommit } from './repo/commit-statement.ts'
export { getConfig, listConfig, setConfig, unsetConfig } from './repo/config.ts'
export {
  type Dataset,
  type DatasetOptions,
  openDataset,
  type StreamedFile,
  type StreamOptions,
} from './repo/dataset.ts'
export { type DeletedBranch, deleteBranchThere } from './repo/delete-branch-there.ts'
export { type DeployOptions, type DeployResult, deployFloe } from './repo/deploy.ts'
export { type Deployment, readDeployments } from './repo/deployments.ts'
export { type Comparison, compare, type DiffOptions, diffOf } from './repo/diff.ts'
export { doctor } from './repo/doctor.ts'
export { type DropOptions, type DropResult, drop } from './repo/drop.ts'
export { diskUsage } from './repo/du.ts'
export { type EvictOptions, type EvictResult, evict } from './repo/evict.ts'
export { type Expiry, expiry } from './repo/expiry.ts'
export { exportFileList } from './repo/export-file-list.ts'
export { exportPushLog, type PushLogRow } from './repo/export-push-log.ts'
export { requestFaucet } from './repo/faucet.ts'
export { fetchRemote } from './repo/fetch.ts'
export type { FileRecord } from './repo/file-record.ts'
export { addToFund, clearFundRule, type Fund, setFundRule, showFund, withdrawFromFund } from './repo/fund.ts'
export { gc } from './repo/gc.ts'
export { type GcRemoteOptions, gcRemote, type RemoteGcResult } from './repo/gc-remote.ts'
export { type GetOptions, type GetResult, get } from './repo/get.ts'
export { grep } from './repo/grep.ts'
export { initWorkspace } from './repo/init.ts'
export { generateKey, importKey, listKeys, showAddress } from './repo/key.ts'
export { type LocalNetworkIds, localNetworkProfile } from './repo/local-profile.ts'
export { type CommitRecord, type LogOptions, logOf } from './repo/log.ts'
export { type ListOptions, listFiles } from './repo/ls.ts'
export { deriveCommit, type Marks, markCommit, marksOf } from './repo/marks.ts'
export { merge } from './repo/merge.ts'
export { move } from './repo/mv.ts'
export { checkNetwork, type NetworkCheck } from './repo/network-check.ts'
export { listNetworks } from './repo/network-profiles.ts'
export { chooseNetwork, defaultNetwork } from './repo/network-use.ts'
export { workspacePath } from './repo/paths.ts'
export { cherryPick, revert } from './repo/pick.ts'
export { type PickedSeveral, pickSeveral, revertSeveral } from './repo/pick-several.ts'
export type { OnProgress, ProgressEvent } from './repo/progress.ts'
export { type PullOptions, type PullResult, pull } from './repo/pull.ts'
export { type PurgeOptions, type PurgeResult, purge } from './repo/purge.ts'
export { type PushOptions, type PushResult, push } from './repo/push.ts'
export type { PushCost } from './repo/push-cost.ts'
export { type PushLog, pushLogOf } from './repo/push-log.ts'
export { type RebaseOptions, type RebaseResult, rebase } from './repo/rebase.ts'
export { abortRebase, continueRebase, skipRebase } from './repo/rebase-resume.ts'
export { reflogOf } from './repo/reflog.ts'
export { addRemote, listRemotes, showRemote } from './repo/remote.ts'
export { removeRemote, renameRemote, setRemoteAddress } from './repo/remote-change.ts'
export type { KeySource, RemoteOptions } from './repo/remote-options.ts'
export { copiedFrom, withRenames } from './repo/renames.ts'
export { type RenewCost, type RenewResult, renew } from './repo/renew.ts'
export { reset } from './repo/reset.ts'
export { abortOperation, continueOperation, resolveConflicts } from './repo/resolve.ts'
export { type RestoreOptions, restore } from './repo/restore.ts'
export { type ReviveResult, revive } from './repo/revive.ts'
export { remove } from './repo/rm.ts'
export { showCommit } from './repo/show.ts'
export { dropStash, listStashes, popStash, pushStash } from './repo/stash.ts'
export { type Status, type StatusOptions, statusOf } from './repo/status.ts'
export { type SwitchOptions, type SwitchResult, switchTo } from './repo/switch.ts'
export { type TakedownOptions, type TakedownResult, takedown } from './repo/takedown.ts'
export { setUpstream, upstreamOf } from './repo/upstream.ts'
export { type VerifyLocalOptions, type VerifyLocalReport, verifyLocal } from './repo/verify-local.ts'
export { type VerifyCheck, type VerifyRemoteOptions, type VerifyReport, verifyRemote } from './repo/verify-remote.ts'
export { exchangeForWal, showWallet, type WalletRow } from './repo/wallet.ts'
export { chooseWallet, forgetWallet, type WalletChoice } from './repo/wallet-choice.ts'
export { openWorkspace, type Workspace } from './store/workspace.ts'
