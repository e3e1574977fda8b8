/** Failures around the chain. */

import { FloeError, type FloeErrorOptions, IntegrityError } from '../base/errors.ts'

/** The ledger cannot be reached or answered nonsense (exit 14). */
export class LedgerError extends FloeError {
  override name = 'LedgerError'
  constructor(code: string, message: string, options?: FloeErrorOptions) {
    super('network', code, message, options)
  }
}

/** A transaction was executed or simulated and failed (exit depends on the reason). */
export class TransactionFailedError extends FloeError {
  override name = 'TransactionFailedError'
}

/** No key, a wrong key, or not enough coins (exit 12). */
export class AuthError extends FloeError {
  override name = 'AuthError'
  constructor(code: string, message: string, options?: FloeErrorOptions) {
    super('auth', code, message, options)
  }
}

/** An object on chain is not what it has to be (exit 13). */
export class ChainRecordError extends IntegrityError {
  override name = 'ChainRecordError'
}

/** What an address names is no repository (exit 10). */
export class NoRepositoryError extends FloeError {
  override name = 'NoRepositoryError'
  constructor(code: 'REPOSITORY_NOT_FOUND' | 'REPOSITORY_NOT_ONE', message: string, options: FloeErrorOptions) {
    super('not-a-repository', code, message, options)
  }
}
