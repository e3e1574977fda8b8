import type { ErasurePool } from './api.ts'
import { ErasureError } from './errors.ts'

/** @param options.threads - worker threads, default: one less than the processors, at least 1, at most 8 */
export function createErasurePool(options: { threads?: number } = {}): ErasurePool {
  throw new ErasureError('ERASURE_POOL_CLOSED', 'not built yet', { ...options })
}
