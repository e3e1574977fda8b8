/** The coder on the caller's own thread with the engine for this runtime: for tests, small blobs, and places without
 *  worker threads. */

import { type Coder, createCoder } from './coder.ts'
import type { Engine } from './engine.ts'
import { createEngine } from './engine-choice.ts'

export function createSyncCoder(engine: Engine = createEngine()): Coder {
  return createCoder(engine)
}
