/** Errors of objects, names and packs. Those about bytes from outside are of kind `integrity` (exit 13); those about
 *  names that a user chose are of kind `usage` (exit 2). */

import { FloeError, IntegrityError, UsageError } from '../base/errors.ts'
import type { ObjectId, ObjectKind } from './id.ts'

/** No place that was asked holds the object. */
export class ObjectMissingError extends IntegrityError {
  override name = 'ObjectMissingError'
  /** @param why - what is known beyond that it is missing */
  constructor(
    kind: ObjectKind,
    id: ObjectId,
    why: { message?: string; data?: Record<string, unknown>; hints?: readonly string[] } = {},
  ) {
    super('OBJECT_MISSING', why.message ?? `${kind} ${id} is missing`, {
      data: { objectKind: kind, id, ...why.data },
      hints: why.hints ?? [],
    })
  }
}

/** Bytes that were offered for an object do not hash to its id. */
export class ObjectCorruptError extends IntegrityError {
  override name = 'ObjectCorruptError'
  constructor(kind: ObjectKind, id: ObjectId, reason: string, cause?: unknown) {
    super('OBJECT_CORRUPT', `${kind} ${id} is corrupt: ${reason}`, { data: { objectKind: kind, id, reason }, cause })
  }
}

/** Bytes that hash to their id but are not what their kind demands: their author is at fault, not the disk. */
export class ObjectMalformedError extends IntegrityError {
  override name = 'ObjectMalformedError'
  constructor(kind: ObjectKind, reason: string, data: Record<string, unknown> = {}, cause?: unknown) {
    super(`${kind.toUpperCase()}_MALFORMED`, `a ${kind} is malformed: ${reason}`, {
      data: { objectKind: kind, reason, ...data },
      cause,
    })
  }
}

/** A text that should be an object id is none. */
export class ObjectIdError extends UsageError {
  override name = 'ObjectIdError'
  constructor(text: string) {
    super('OBJECT_ID_MALFORMED', `expected 64 lower-case hex digits, got ${JSON.stringify(text.slice(0, 80))}`, {
      data: { text: text.slice(0, 80) },
    })
  }
}

/** A path that no version may contain (DESIGN §4). */
export class PathRefusedError extends FloeError {
  override name = 'PathRefusedError'
  constructor(kind: 'usage' | 'integrity', path: string, problem: string) {
    super(kind, 'PATH_REFUSED', `the path ${JSON.stringify(path.slice(0, 300))} is refused: ${problem}`, {
      data: { path: path.slice(0, 300), problem },
    })
  }
}

/** A branch or tag name outside the rules (DESIGN §4). */
export class RefNameError extends UsageError {
  override name = 'RefNameError'
  constructor(refName: string, problem: string) {
    super('REF_NAME_REFUSED', `the name ${JSON.stringify(refName.slice(0, 220))} is refused: ${problem}`, {
      data: { refName: refName.slice(0, 220), problem },
    })
  }
}

/** Two paths that cannot stand in one tree: `a` as a file and `a/…` below it. */
export class PathConflictError extends UsageError {
  override name = 'PathConflictError'
  constructor(path: string, below: string) {
    super('PATH_CONFLICT', `${JSON.stringify(path)} cannot be a file while ${JSON.stringify(below)} exists`, {
      data: { path, below },
      hints: ['remove one of the two paths'],
    })
  }
}

/** A commit, tree entry or pack that would exceed a limit of the format. */
export class ObjectLimitError extends UsageError {
  override name = 'ObjectLimitError'
  constructor(limit: string, got: number, max: number) {
    super('OBJECT_LIMIT', `${limit} is ${got}, the limit is ${max}`, { data: { limit, got, max } })
  }
}

/** A pack's header, frames, index or footer are not what the format demands. */
export class PackCorruptError extends IntegrityError {
  override name = 'PackCorruptError'
  constructor(reason: string, data: Record<string, unknown> = {}, cause?: unknown) {
    super('PACK_CORRUPT', `a pack is corrupt: ${reason}`, { data: { reason, ...data }, cause })
  }
}

/** A locator segment is not what the format demands. Its entries are hints, so this costs speed, not safety. */
export class LocatorCorruptError extends IntegrityError {
  override name = 'LocatorCorruptError'
  constructor(reason: string, data: Record<string, unknown> = {}) {
    super('LOCATOR_CORRUPT', `a locator segment is corrupt: ${reason}`, { data: { reason, ...data } })
  }
}

/** A proof does not show what it claims about a tree. */
export class TreeProofError extends IntegrityError {
  override name = 'TreeProofError'
  constructor(path: string, reason: string, cause?: unknown) {
    super('TREE_PROOF_INVALID', `the proof about ${JSON.stringify(path)} is invalid: ${reason}`, {
      data: { path, reason },
      cause,
    })
  }
}
