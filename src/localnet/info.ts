/** What a local network says about itself: `localnet status --json`, the control server and the library agree on it. */

export interface LocalNodeInfo {
  index: number
  name: string
  /** `http://127.0.0.1:port` */
  url: string
  /** Object id of its StakingPool. */
  nodeId: string
  /** Shards it holds. */
  shards: readonly number[]
  /** False while stopped by a fault control. */
  running: boolean
}

export interface LocalNetworkInfo {
  /** gRPC-web of the ledger. */
  rpcUrl: string
  faucetUrl: string
  /** Control server; answers only with the token of the state file. */
  controlUrl: string
  /** Base58 of 32 bytes; another one means another network. */
  chainId: string
  systemObjectId: string
  stakingObjectId: string
  walPackageId: string
  walrusPackageId: string
  floePackageId: string
  /** The shared `wal_exchange::Exchange`: SUI for WAL and back. Absent in networks from before there was one. */
  exchangeObjectId?: string | undefined
  /** Upload relay and aggregator, where they are offered beside the nodes. */
  relayUrl?: string | undefined
  aggregatorUrl?: string | undefined
  /** Storage epoch. */
  epoch: number
  shardCount: number
  nodes: readonly LocalNodeInfo[]
}
