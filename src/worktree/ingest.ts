/** From a file on disk to a tree entry: chunks and maps go to the store, the entry comes back. */

import type { ChunkPool } from '../chunking/pool.ts'
import { type ChunkSizing, chunkParamsFor } from '../chunking/profile.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { buildContentMap, type ChunkRef } from '../objects/content-map.ts'
import { EMPTY_FILE_ID, type ObjectId } from '../objects/id.ts'
import type { TreeEntry } from '../objects/tree.ts'
import type { FileStat, FileSystem } from '../store/file-system.ts'
import type { WriteSession } from '../store/local-store.ts'
import { readLinkTarget, readSnapshot } from './read-file.ts'

export interface IngestContext {
  fs: FileSystem
  root: string
  session: WriteSession
  pool: ChunkPool
  /** Reads a file of at most `ONE_CHUNK_BYTES`, as `createSmallFileReader` does. */
  readSmall: (path: string, seen: FileStat) => Uint8Array | undefined
  /** Sizes of chunks that are asked for (default: by the size of the file). */
  sizingOf?: ((path: string) => ChunkSizing | undefined) | undefined
  /** Files that shall hold their chunks themselves. */
  inPlace?: InPlace | undefined
  signal?: AbortSignal | undefined
}

export interface InPlace {
  /** Files of at least this size; smaller ones are copied into packs. */
  fromBytes: number
  /** The file system's clock before anything was read. */
  stampNs: bigint
}

export interface Ingested {
  entry: TreeEntry
  /** The stat that belongs to what was read. */
  stat: FileStat
}

/** A file of this size or less is one chunk, wherever the chunker would like to cut. */
export const ONE_CHUNK_BYTES: number = chunkParamsFor(0).minBytes

/** `ingest` for files that are one chunk for certain, hashed once and without promises.
 *  @returns undefined where it takes the long way; `stored` has to be awaited before the next call if it is there */
export function ingestSmall(
  { readSmall, session }: IngestContext,
  path: string,
  stat: FileStat,
): (Ingested & { stored: Promise<void> | undefined }) | undefined {
  if (stat.kind !== 'file' || stat.bytes > ONE_CHUNK_BYTES) return undefined
  const bytes = readSmall(path, stat)
  if (!bytes) return undefined
  const fileId = bytes.length === 0 ? EMPTY_FILE_ID : (sha256Hex(bytes) as ObjectId)
  const stored = bytes.length === 0 ? undefined : session.keep('chunk', fileId, bytes)
  const content = bytes.length === 0 ? null : ({ kind: 'chunk', id: fileId } as const)
  const entry: TreeEntry = { path, kind: 'file', executable: stat.executable, bytes: stat.bytes, fileId, content }
  return { entry, stat, stored }
}

/** Stores the contents of a file or link; they are in the session, so durable only after `seal`.
 *  @param stat - what the walk saw
 *  @throws {UnreadableError} WORKTREE_UNREADABLE
 *  @throws {FileChangedError} WORKTREE_FILE_CHANGED */
export async function ingest(context: IngestContext, path: string, stat: FileStat): Promise<Ingested> {
  return stat.kind === 'symlink' ? ingestLink(context, path, stat) : ingestFile(context, path)
}

async function ingestFile(context: IngestContext, path: string): Promise<Ingested> {
  const { fs, root, session, pool, signal, inPlace } = context
  let refs: ChunkRef[] = []
  const { result, stat } = await readSnapshot(fs, root, path, async (pieces, bytes) => {
    const params = chunkParamsFor(bytes, context.sizingOf?.(path))
    const { chunks, fileId } = pool.ingest(pieces, bytes, { signal, params })
    const isInPlace = staysInPlace(context, bytes)
    refs = []
    async function* stored(): AsyncGenerator<ChunkRef> {
      for await (const chunk of chunks) {
        const ref = { id: chunk.id as ObjectId, bytes: chunk.bytes.length }
        if (isInPlace) refs.push(ref)
        else await session.putHashed('chunk', ref.id, chunk.bytes)
        yield ref
      }
    }
    const content = await buildContentMap(stored(), session.put)
    return { content, fileId: (await fileId) as ObjectId }
  })
  if (inPlace && staysInPlace(context, stat.bytes))
    session.hold({ path, fileId: result.fileId, stat, stampNs: inPlace.stampNs, chunks: refs })
  return { entry: { path, kind: 'file', executable: stat.executable, bytes: stat.bytes, ...result }, stat }
}

/** True for a file of that size that shall hold its chunks itself. */
export function staysInPlace({ inPlace }: IngestContext, bytes: number): boolean {
  return inPlace !== undefined && bytes >= inPlace.fromBytes
}

async function ingestLink({ fs, root, session }: IngestContext, path: string, stat: FileStat): Promise<Ingested> {
  const { target, fileId } = readLinkTarget(fs, root, path)
  await session.putHashed('chunk', fileId, target)
  const content = { kind: 'chunk', id: fileId } as const
  return { entry: { path, kind: 'symlink', executable: false, bytes: target.length, fileId, content }, stat }
}
