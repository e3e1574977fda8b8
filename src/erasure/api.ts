/** What the erasure layer offers, on worker threads (`pool.ts`) or on the caller's own (`sync.ts`).
 *
 *  Results are the same bytes whichever runs; the pool splits work into blocks of rows and columns. */

import type { BlobMetadata, BlobParams, Sliver, SliverAxis } from './params.ts'

/** An encoded blob. Slivers are copied out on request, so a caller that sends them one by one holds one at a time. What
 *  they are copied from is in memory, or on a pool, beyond its budget (`spill.ts`), in a temporary file. */
export interface EncodedBlob {
  readonly params: BlobParams
  /** 32 bytes. */
  readonly blobId: Uint8Array
  /** 32 bytes; registration on chain needs it. */
  readonly rootHash: Uint8Array
  readonly metadata: BlobMetadata
  /** Row (primary) or column (secondary) `index`, a copy: into the given memory, exactly its length, or new memory. */
  sliver(axis: SliverAxis, index: number, into?: Uint8Array): Sliver
  /** The sliver where it stands, valid until `release`, if it is in memory in one piece; most are, while the budget for
   *  memory lasts. Must not be written to. */
  view(axis: SliverAxis, index: number): Uint8Array | undefined
  /** Both slivers of a pair: row `pairIndex` and column n-1-pairIndex, copies. */
  pair(pairIndex: number): { primary: Sliver; secondary: Sliver }
  /** Gives the memory (some 3.5 times the blob) or the file back; slivers cannot be had any more. Without it either
   *  stays until a garbage collection, which shared memory and files by themselves do not cause. */
  release(): void
  [Symbol.dispose](): void
}

export interface BlobIdentity {
  readonly params: BlobParams
  readonly blobId: Uint8Array
  readonly rootHash: Uint8Array
  readonly metadata: BlobMetadata
}

/** How far a reader checks that the writer encoded the blob correctly (reference §7.2).
 *  - `default`: systematic rows that were not given are rebuilt and hashed: all default readers agree or fail
 *  - `strict`: encodes again and compares every hash: every reader always succeeds
 *  - `skip`: nothing; for trusted writers only */
export type Consistency = 'default' | 'strict' | 'skip'

export interface JobOptions {
  readonly signal?: AbortSignal
}

export interface EncodeOptions extends JobOptions {
  /** True if the blob's bytes came from `allocate` and are not needed otherwise: they stay where they are, as part of
   *  the encoded blob, and are given back with it, also when encoding fails. */
  readonly takes?: boolean
  /** Bytes that this and all other encoded blobs of the pool may take in memory; what is more goes to a file. Default
   *  what the pool was made with (`SpillOptions`). */
  readonly memoryBytes?: number
}

export interface DecodeOptions extends JobOptions {
  /** Default `default`. */
  readonly consistency?: Consistency
  /** True if every sliver has passed `verifySliver` already. Default false: each is verified first. */
  readonly verified?: boolean
  /** Where the blob goes: exactly its length. Default new memory, which costs as much as filling it. Verified rows that
   *  were received in their places here (row i at i·ks·s) are not even copied. */
  readonly into?: Uint8Array
}

/** Blob bytes from `from` to before `to`. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/** One symbol of a lost sliver: `sourceIndex` is the index of the sliver (of the other axis) it came from. */
export interface SourceSymbol {
  readonly sourceIndex: number
  readonly bytes: Uint8Array
}

/** A symbol with the siblings, bottom-up, that prove it under its source sliver's hash at leaf `targetIndex`. */
export interface ProvenSymbol extends SourceSymbol {
  readonly targetIndex: number
  readonly proof: readonly Uint8Array[]
}

export interface ErasureCoder {
  /** Memory for a blob that is to be encoded with `takes`, or a sliver that is to be verified; contents undefined. Other
   *  bytes are copied first to where threads can read them. */
  allocate(bytes: number): Uint8Array
  /** Takes back what `allocate` gave, or a view of it, to be used again; the caller must not touch it any more. */
  release(bytes: Uint8Array): void

  /** The blob's bytes are copied before this resolves: they may change afterwards, except those in shared memory.
   *  @throws {ErasureError} ERASURE_SHARD_COUNT, ERASURE_BLOB_TOO_LARGE, ERASURE_SPILL */
  encodeBlob(shardCount: number, blob: Uint8Array, options?: EncodeOptions): Promise<EncodedBlob>

  /** As `encodeBlob` without keeping slivers: needs the blob and at most 0.6 of it again, or some 16 MiB (1000 shards, two
   *  threads).
   *  @throws {ErasureError} ERASURE_SHARD_COUNT, ERASURE_BLOB_TOO_LARGE */
  computeBlobId(shardCount: number, blob: Uint8Array, options?: JobOptions): Promise<BlobIdentity>

  /** Resolves if the sliver is exactly the one the metadata names.
   *  @throws {ErasureError} ERASURE_SLIVER_SHAPE, ERASURE_SLIVER_MISMATCH */
  verifySliver(metadata: BlobMetadata, axis: SliverAxis, sliver: Sliver, options?: JobOptions): Promise<void>

  /** The blob, from any sufficient slivers of one axis: kp primary or ks secondary; surplus and repeats are ignored.
   *  @throws {ErasureError} ERASURE_SLIVER_SHAPE, ERASURE_SLIVER_MISMATCH, ERASURE_NOT_ENOUGH, ERASURE_INCONSISTENT */
  decodeBlob(
    metadata: BlobMetadata,
    axis: SliverAxis,
    slivers: readonly Sliver[],
    options?: DecodeOptions,
  ): Promise<Uint8Array>

  /** Blob bytes of the range. The rows it lies in (`rowsOfRange`), as primary slivers, suffice and are only copied; with
   *  less, any kp primary or ks secondary slivers do, and only those rows are rebuilt. `default` consistency covers the
   *  rows of the range; `strict` needs the whole blob.
   *  @throws {ErasureError} as `decodeBlob`; RangeError if the range leaves the blob */
  decodeRange(
    metadata: BlobMetadata,
    axis: SliverAxis,
    slivers: readonly Sliver[],
    range: ByteRange,
    options?: DecodeOptions,
  ): Promise<Uint8Array>

  /** One lost sliver from symbols of slivers of the other axis: ks symbols for a primary sliver, kp for a secondary.
   *  Symbols without proof are welcome: the sliver is verified as a whole.
   *  @throws {ErasureError} ERASURE_NOT_ENOUGH, ERASURE_SLIVER_MISMATCH */
  recoverSliver(
    metadata: BlobMetadata,
    axis: SliverAxis,
    index: number,
    symbols: readonly SourceSymbol[],
    options?: JobOptions,
  ): Promise<Sliver>

  /** Symbols that a stored sliver (of `sourceAxis`) gives towards the slivers `targetIndexes` of the other axis. */
  recoverySymbols(
    metadata: BlobMetadata,
    sourceAxis: SliverAxis,
    source: Sliver,
    targetIndexes: readonly number[],
    options?: JobOptions,
  ): Promise<ProvenSymbol[]>
}

export interface ErasurePool extends ErasureCoder {
  readonly threads: number
  /** Jobs still running or waiting fail with ERASURE_POOL_CLOSED, and the threads that run them end. Idle threads stay for a
   *  while: the next pool finds them running. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
