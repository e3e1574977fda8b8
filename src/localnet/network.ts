/** The assembled local network: a ledger, storage nodes and a control server in this process, state in one folder. */

import type { LocalNetworkInfo } from './info.ts'

export interface LocalNetworkOptions {
  /** Folder of all state; created if missing. Held by one process at a time. */
  dir: string
  /** Storage nodes of a new network (default 13). */
  nodes?: number
  /** Shards of a new network, divided as evenly as possible (default 16 per node). */
  shards?: number
  /** Worker threads that check slivers (default: half of the cores, 1 to 4). */
  threads?: number
  /** Sync to disk before a confirmation is signed and a transaction is answered (default true; tests say false). */
  sync?: boolean
  /** Told about failures that have no caller. */
  onWarning?: (warning: Error) => void
}

export interface LocalNetwork extends LocalNetworkInfo, AsyncDisposable {
  readonly dir: string
  /** Closes a node's listener and its connections; what it stores stays. */
  stopNode(index: number): Promise<void>
  startNode(index: number): Promise<void>
  /** Flips one byte in each of the node's stored slivers, so that it serves wrong bytes without knowing.
   *  @param blobId - base64url; default: all blobs
   *  @returns slivers changed */
  corruptNode(index: number, options?: { blobId?: string }): Promise<number>
  /** Moves the storage epoch on by one. */
  advanceEpoch(): Promise<number>
  /** Sends test money: amounts in MIST and FROST. */
  fund(address: string, amounts: { sui?: bigint; wal?: bigint }): Promise<void>
  close(): Promise<void>
}

/** Starts the network of a folder, or makes a new one there.
 *  @throws {LocalnetLockedError} LOCALNET_LOCKED if another process holds the folder
 *  @throws {LocalnetMismatchError} LOCALNET_MISMATCH if the folder holds a network of another shape
 *  @throws {LocalnetStateError} LOCALNET_STATE */
export async function startLocalNetwork(options: LocalNetworkOptions): Promise<LocalNetwork> {
  throw new Error(`not yet: ${options.dir}`)
}
