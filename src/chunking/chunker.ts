/** Cutting bytes into chunks at content-defined boundaries, on the calling thread. Cuts depend on bytes and sizes only,
 *  never on how the bytes were fed. For big files see `pool.ts`. */

import { throwIfAborted } from '../base/abort.ts'
import type { ChunkEngine } from './engine.ts'
import { wasmEngine } from './engine-wasm.ts'
import type { ChunkParams } from './params.ts'

/** Chunks of bytes already in memory: views of the input, in order, together the whole of it. Empty input has none.
 *  @example chunkBytes(bytes, chunkParamsFor(bytes.length))
 *  @throws {ChunkParamsError} CHUNK_PARAMS */
export function chunkBytes(bytes: Uint8Array, params: ChunkParams, engine: ChunkEngine = wasmEngine()): Uint8Array[] {
  const cuts = engine.createCutter(params).feed(bytes)
  if (bytes.length > 0 && cuts.at(-1) !== bytes.length) cuts.push(bytes.length)
  return cuts.map((cut, i) => bytes.subarray(i === 0 ? 0 : cuts[i - 1]!, cut))
}

export interface ChunkStreamOptions {
  signal?: AbortSignal
  engine?: ChunkEngine
}

/** Chunks of a stream, in order; their lengths sum to its length. Memory: two chunks of the largest size and one piece.
 *  @param source - pieces of any length; a piece may be reused by its owner once the next is asked for
 *  @returns chunks that own their bytes
 *  @throws {ChunkParamsError} CHUNK_PARAMS
 *  @throws {CancelledError} when the signal is aborted; the source is then closed */
export async function* chunkStream(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  params: ChunkParams,
  { signal, engine = wasmEngine() }: ChunkStreamOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const assembler = createAssembler(params, engine)
  for await (const piece of source) {
    throwIfAborted(signal)
    yield* assembler.feed(piece)
  }
  throwIfAborted(signal)
  const last = assembler.finish()
  if (last) yield last
}

/** Puts chunks together from pieces. Lazily: a big piece is not copied into chunks before they are asked for. */
export interface Assembler {
  feed(piece: Uint8Array): Iterable<Uint8Array>
  /** The last chunk, if any bytes are left. */
  finish(): Uint8Array | undefined
}

export function createAssembler(params: ChunkParams, engine: ChunkEngine): Assembler {
  const cutter = engine.createCutter(params)
  // Grown to what the stream needs: most files are smaller than the largest chunk.
  let pending = new Uint8Array(0)
  let pendingBytes = 0
  const append = (bytes: Uint8Array) => {
    const needed = pendingBytes + bytes.length
    if (needed > pending.length) {
      const grown = new Uint8Array(Math.min(params.maxBytes, Math.max(needed, 2 * pending.length)))
      grown.set(pending.subarray(0, pendingBytes))
      pending = grown
    }
    pending.set(bytes, pendingBytes)
    pendingBytes = needed
  }
  return {
    *feed(piece) {
      let from = 0
      for (const cut of cutter.feed(piece)) {
        const tail = piece.subarray(from, cut)
        from = cut
        const chunk = new Uint8Array(pendingBytes + tail.length)
        chunk.set(pending.subarray(0, pendingBytes))
        chunk.set(tail, pendingBytes)
        pendingBytes = 0
        yield chunk
      }
      append(piece.subarray(from))
    },
    finish() {
      if (pendingBytes === 0) return undefined
      const last = pending.slice(0, pendingBytes)
      pendingBytes = 0
      return last
    },
  }
}
