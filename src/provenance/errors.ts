/** Failures around provenance. */

import { IntegrityError } from '../base/errors.ts'

/** A statement does not say what it must, or is not the one that the chain names (exit 13). */
export class ProvenanceError extends IntegrityError {
  override name = 'ProvenanceError'
}
