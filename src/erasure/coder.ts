/** The coder on the caller's own thread, over any engine. Nothing here needs Node. */

import type { BlobIdentity, ByteRange, DecodeOptions, EncodedBlob, ProvenSymbol, SourceSymbol } from './api.ts'
import { decodePlan } from './decoder.ts'
import { encodePlan, identityPlan } from './encoder.ts'
import type { Engine } from './engine.ts'
import { type JobResult, runJob } from './jobs.ts'
import { privateMemory } from './memory.ts'
import type { BlobMetadata, Sliver, SliverAxis } from './params.ts'
import type { Plan, PlanContext } from './plan.ts'
import { recoverPlan, symbolsPlan } from './recovery.ts'
import { createJobTools } from './region.ts'
import { verifySliverPlan } from './sliver-hash.ts'

/** As `ErasureCoder`, but at once and on this thread; it throws what the other rejects with. */
export interface Coder {
  allocate(bytes: number): Uint8Array
  release(bytes: Uint8Array): void
  encodeBlob(shardCount: number, blob: Uint8Array): EncodedBlob
  computeBlobId(shardCount: number, blob: Uint8Array): BlobIdentity
  verifySliver(metadata: BlobMetadata, axis: SliverAxis, sliver: Sliver): void
  decodeBlob(
    metadata: BlobMetadata,
    axis: SliverAxis,
    slivers: readonly Sliver[],
    options?: Omit<DecodeOptions, 'signal'>,
  ): Uint8Array
  decodeRange(
    metadata: BlobMetadata,
    axis: SliverAxis,
    slivers: readonly Sliver[],
    range: ByteRange,
    options?: Omit<DecodeOptions, 'signal'>,
  ): Uint8Array
  recoverSliver(metadata: BlobMetadata, axis: SliverAxis, index: number, symbols: readonly SourceSymbol[]): Sliver
  recoverySymbols(
    metadata: BlobMetadata,
    sourceAxis: SliverAxis,
    source: Sliver,
    targetIndexes: readonly number[],
  ): ProvenSymbol[]
}

/** @param engine - of its own */
export function createCoder(engine: Engine): Coder {
  const context: PlanContext = { jobsPerBatch: 1, jobsInFlight: 1, memory: privateMemory }
  const tools = createJobTools()
  const run = <T>(plan: Plan<T>): T => {
    try {
      let step = plan.next()
      while (!step.done) {
        const results: JobResult[] = []
        for (const { job, done } of step.value) {
          results.push(runJob(engine, job, tools))
          done?.()
        }
        step = plan.next(results)
      }
      return step.value
    } finally {
      plan.return(undefined as T)
    }
  }
  return {
    allocate: (bytes) => context.memory.allocate(bytes),
    release: (bytes) => context.memory.release(bytes),
    encodeBlob: (shardCount, blob) => run(encodePlan(context, shardCount, blob)),
    computeBlobId: (shardCount, blob) => run(identityPlan(context, shardCount, blob)),
    verifySliver: (metadata, axis, sliver) => run(verifySliverPlan(context, metadata, axis, sliver)),
    decodeBlob: (metadata, axis, slivers, options) => run(decodePlan(context, metadata, axis, slivers, options)),
    decodeRange: (metadata, axis, slivers, range, options) =>
      run(decodePlan(context, metadata, axis, slivers, options, range)),
    recoverSliver: (metadata, axis, index, symbols) => run(recoverPlan(context, metadata, axis, index, symbols)),
    recoverySymbols: (metadata, axis, source, targets) => run(symbolsPlan(context, metadata, axis, source, targets)),
  }
}
