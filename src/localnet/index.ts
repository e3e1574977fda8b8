/** `floe/localnet`: a Walrus and Sui network on this machine, for development and tests. */

export { type AggregatorOptions, startAggregator } from './aggregator/aggregator.ts'
export {
  type ControlCommand,
  controlLocalNetwork,
  type DaemonOptions,
  type EnsureOptions,
  ensureLocalNetwork,
  type LocalNetworkLease,
  resetLocalNetwork,
  statusLocalNetwork,
  stopLocalNetwork,
} from './daemon.ts'
export {
  LocalnetControlError,
  LocalnetLockedError,
  LocalnetMismatchError,
  LocalnetShapeError,
  LocalnetStartError,
  LocalnetStateError,
} from './errors.ts'
export type { LocalNetworkInfo, LocalNodeInfo } from './info.ts'
export { type LocalNetwork, type LocalNetworkOptions, startLocalNetwork } from './network.ts'
export { type LocalService, startUploadRelay, type UploadRelayOptions } from './relay/upload-relay.ts'
