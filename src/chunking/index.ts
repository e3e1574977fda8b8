/** Content-defined chunking: cuts of bytes, streams and files. */

export { type ChunkStreamOptions, chunkBytes, chunkStream } from './chunker.ts'
export { ChunkParamsError, ChunkPoolClosedError, ChunkSourceLengthError, ChunkWorkerError } from './errors.ts'
export { CHUNK_MAX_BYTES_LIMIT, type ChunkParams, parseChunkParams } from './params.ts'
export {
  type ChunkPool,
  type ChunkPoolOptions,
  createChunkPool,
  type HashedChunk,
  type Ingest,
  type IngestOptions,
} from './pool.ts'
export { CHUNK_PROFILE, CHUNK_PROFILES, chunkParamsFor, MAX_CHUNK_BYTES } from './profile.ts'
