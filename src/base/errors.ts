/** The one error family of the library.
 *
 *  Callers branch on `kind` (what the user can do) or `code` (what happened), never on text. The command line
 *  maps `kind` to an exit status; both tables below are API: only ever extended. */

/** What the user can do about an error; one exit status each (DESIGN §11). */
export type ErrorKind =
  | 'other'
  | 'usage'
  | 'partial'
  | 'not-a-repository'
  | 'locked'
  | 'auth'
  | 'integrity'
  | 'network'
  | 'internal'
  | 'cancelled'

/** Exit status of each kind. An unknown status means failure. */
export const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  other: 1,
  usage: 2,
  partial: 3,
  'not-a-repository': 10,
  locked: 11,
  auth: 12,
  integrity: 13,
  network: 14,
  internal: 70,
  cancelled: 130,
}

export interface FloeErrorOptions {
  /** Facts about this failure (id, path, expected, got). JSON-safe: bigints and bytes as text. */
  data?: Readonly<Record<string, unknown>>
  /** What to type or check next; whole sentences without a full stop. */
  hints?: readonly string[]
  /** True if the same call may succeed later with nothing changed. */
  retryable?: boolean
  cause?: unknown
}

/** Base of every error that Floe throws on purpose. Programming mistakes are TypeError or RangeError instead. */
export class FloeError extends Error {
  override name = 'FloeError'
  /** Stable upper-case identifier, e.g. `STORE_OBJECT_MISSING`. */
  readonly code: string
  readonly kind: ErrorKind
  readonly data: Readonly<Record<string, unknown>>
  readonly hints: readonly string[]
  readonly retryable: boolean

  constructor(kind: ErrorKind, code: string, message: string, options: FloeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.code = code
    this.data = options.data ?? {}
    this.hints = options.hints ?? []
    this.retryable = options.retryable ?? false
  }

  get exitCode(): number {
    return EXIT_CODES[this.kind]
  }

  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      kind: this.kind,
      message: this.message,
      data: this.data,
      hints: this.hints,
      retryable: this.retryable,
    }
  }
}

/** The caller asked for something that cannot be meant (exit 2). */
export class UsageError extends FloeError {
  override name = 'UsageError'
  constructor(code: string, message: string, options?: FloeErrorOptions) {
    super('usage', code, message, options)
  }
}

/** Bytes, a signature or a record are not what their name promises (exit 13). */
export class IntegrityError extends FloeError {
  override name = 'IntegrityError'
  constructor(code: string, message: string, options?: FloeErrorOptions) {
    super('integrity', code, message, options)
  }
}

/** A bug in Floe itself (exit 70). */
export class InternalError extends FloeError {
  override name = 'InternalError'
  constructor(code: string, message: string, options?: FloeErrorOptions) {
    super('internal', code, message, options)
  }
}

/** The caller's signal was aborted (exit 130). */
export class CancelledError extends FloeError {
  override name = 'CancelledError'
  constructor(cause?: unknown) {
    super('cancelled', 'CANCELLED', 'the operation was cancelled', { cause })
  }
}
