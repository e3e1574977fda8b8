/** The shared local network of a user: one detached process per data folder, started when first needed, stopped when
 *  nobody has held a lease for a while. This file is the client side and imports nothing heavy. */

import type { LocalNetworkInfo } from './info.ts'

export interface DaemonOptions {
  /** Floe's data folder; the network lives in `localnet/` under it. */
  dataDir: string
  signal?: AbortSignal
}

export interface EnsureOptions extends DaemonOptions {
  /** Shape of a new network; refused if one of another shape exists. */
  nodes?: number
  shards?: number
  /** Keep it running when the last lease is gone, until `stopLocalNetwork`. */
  stay?: boolean
  /** How long it lives without a lease, when this call starts it (default 60,000). */
  idleMs?: number
}

export interface LocalNetworkLease extends AsyncDisposable {
  readonly info: LocalNetworkInfo
  /** Ends the lease; the network then stops by itself after its idle time. */
  release(): Promise<void>
}

/** Finds or starts the network and takes a lease, which also ends with this process.
 *  @throws {LocalnetStartError} LOCALNET_START with the path of its log
 *  @throws {LocalnetMismatchError} LOCALNET_MISMATCH */
export async function ensureLocalNetwork(options: EnsureOptions): Promise<LocalNetworkLease> {
  throw new Error(`not yet: ${options.dataDir}`)
}

/** Undefined if it is not running. */
export async function statusLocalNetwork(options: DaemonOptions): Promise<LocalNetworkInfo | undefined> {
  throw new Error(`not yet: ${options.dataDir}`)
}

/** Stops it at once and waits until it is gone. @returns false if it was not running */
export async function stopLocalNetwork(options: DaemonOptions): Promise<boolean> {
  throw new Error(`not yet: ${options.dataDir}`)
}

/** Stops it and deletes its state. */
export async function resetLocalNetwork(options: DaemonOptions): Promise<void> {
  throw new Error(`not yet: ${options.dataDir}`)
}

/** Fault controls of a running network, by name. */
export async function controlLocalNetwork(
  options: DaemonOptions,
  command:
    | { $kind: 'stop-node' | 'start-node'; node: number }
    | { $kind: 'corrupt-node'; node: number; blobId?: string }
    | { $kind: 'advance-epoch' },
): Promise<LocalNetworkInfo> {
  throw new Error(`not yet: ${options.dataDir} ${command.$kind}`)
}
