/** What starting, finding and stopping the local network can throw. */

import { FloeError, IntegrityError, UsageError } from '../base/errors.ts'

/** Node and shard counts that make no network. */
export class LocalnetShapeError extends UsageError {
  override name = 'LocalnetShapeError'
  constructor(reason: string, data: Record<string, unknown>) {
    super('LOCALNET_SHAPE', `this is no network: ${reason}`, {
      data,
      hints: ['The default is 13 nodes and 208 shards; 1000 shards give the blob ids of mainnet'],
    })
  }
}

/** The folder belongs to a network of another shape. */
export class LocalnetMismatchError extends UsageError {
  override name = 'LocalnetMismatchError'
  constructor(what: 'nodes' | 'shards', asked: number, exists: number) {
    super('LOCALNET_MISMATCH', `the local network has ${exists} ${what}, not ${asked}`, {
      data: { what, asked, exists },
      hints: ['`floe localnet reset` deletes it; a new one may have another shape'],
    })
  }
}

/** Another process runs a network in this folder. */
export class LocalnetLockedError extends FloeError {
  override name = 'LocalnetLockedError'
  constructor(dir: string, pid: number) {
    super('locked', 'LOCALNET_LOCKED', `process ${pid} runs the network of this folder`, {
      data: { dir, pid },
      hints: ['`floe localnet down` stops it'],
    })
  }
}

/** The state on disk cannot be read as one of ours. */
export class LocalnetStateError extends IntegrityError {
  override name = 'LocalnetStateError'
  constructor(path: string, reason: string, cause?: unknown) {
    super('LOCALNET_STATE', `the local network's state is damaged: ${reason}`, {
      data: { path, reason },
      hints: ['`floe localnet reset` deletes the network with everything pushed to it'],
      cause,
    })
  }
}

/** The process did not come up. */
export class LocalnetStartError extends FloeError {
  override name = 'LocalnetStartError'
  constructor(reason: string, logPath: string, cause?: unknown) {
    super('network', 'LOCALNET_START', `the local network did not start: ${reason}`, {
      data: { reason, logPath },
      hints: [`its log is ${logPath}`],
      cause,
    })
  }
}

/** The control server cannot be reached or refuses. */
export class LocalnetControlError extends FloeError {
  override name = 'LocalnetControlError'
  constructor(request: string, reason: string, cause?: unknown) {
    super('network', 'LOCALNET_CONTROL', `the local network did not do "${request}": ${reason}`, {
      data: { request, reason },
      retryable: true,
      cause,
    })
  }
}
