/** What can go wrong while blobs travel. */

import { FloeError, type FloeErrorOptions, IntegrityError } from '../base/errors.ts'

/** Not enough storage nodes answered with true bytes (exit 14). A wrong byte is never an outcome. */
export class TransferError extends FloeError {
  override name = 'TransferError'
  constructor(code: string, message: string, options?: FloeErrorOptions) {
    super('network', code, message, options)
  }
}

/** Bytes that passed every check of Walrus are not what Floe's records promise (exit 13). */
export class TransferIntegrityError extends IntegrityError {
  override name = 'TransferIntegrityError'
}
