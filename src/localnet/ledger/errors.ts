/** Errors of the local ledger. `grpcStatus` is what a client sees on the wire. */

import { type ErrorKind, FloeError, type FloeErrorOptions } from '../../base/errors.ts'

/** The gRPC codes the ledger answers with (numbers of the gRPC specification). */
export const GRPC = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const

export type GrpcStatus = (typeof GRPC)[keyof typeof GRPC]

/** A request the ledger refuses, or a state it cannot open. */
export class LedgerError extends FloeError {
  override name = 'LedgerError'
  readonly grpcStatus: GrpcStatus

  constructor(
    code: string,
    grpcStatus: GrpcStatus,
    message: string,
    options: FloeErrorOptions & { kind?: ErrorKind } = {},
  ) {
    super(options.kind ?? 'other', code, message, options)
    this.grpcStatus = grpcStatus
  }
}

/** A field of a request is missing, malformed or contradicts the ledger. */
export function invalidArgument(message: string, data?: Record<string, unknown>): LedgerError {
  return new LedgerError('LEDGER_INVALID_ARGUMENT', GRPC.INVALID_ARGUMENT, message, { kind: 'usage', data })
}

export function notFound(message: string, data?: Record<string, unknown>): LedgerError {
  return new LedgerError('LEDGER_NOT_FOUND', GRPC.NOT_FOUND, message, { data })
}

/** A reference to an object version that has been consumed. */
export function staleReference(message: string, data: Record<string, unknown>): LedgerError {
  return new LedgerError('LEDGER_STALE_REFERENCE', GRPC.FAILED_PRECONDITION, message, { data, retryable: true })
}

export function unimplemented(message: string): LedgerError {
  return new LedgerError('LEDGER_UNIMPLEMENTED', GRPC.UNIMPLEMENTED, message)
}

/** The folder holds a damaged ledger (exit 13): it must be deleted and made again. */
export function stateCorrupt(message: string, data: Record<string, unknown>): LedgerError {
  return new LedgerError('LEDGER_STATE_CORRUPT', GRPC.INTERNAL, message, {
    kind: 'integrity',
    data,
    hints: ['the local network is disposable: remove it with `floe localnet reset`'],
  })
}

/** A record could not be stored; nothing of it happened. */
export function writeFailed(path: string, cause: unknown): LedgerError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
  return new LedgerError('LEDGER_WRITE_FAILED', GRPC.UNAVAILABLE, `the ledger cannot write its log: ${reason}`, {
    data: { path, reason },
    cause,
    retryable: true,
    hints: ['free some disk space and try again'],
  })
}
