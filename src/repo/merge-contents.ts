/** Merging what is in files: text line by line, tables row by row where that is asked for. The result goes to the store
 *  like any other contents. */

import { concatBytes, utf8 } from '../base/bytes.ts'
import { type ChunkPool, createChunkPool } from '../chunking/pool.ts'
import { MAX_MERGED_TABLE_BYTES, mergeTables } from '../history/merge-rows.ts'
import { MAX_MERGED_TEXT_BYTES, type MergedText, mergeTexts, textOf } from '../history/merge-text.ts'
import { buildContentMap, type ChunkRef } from '../objects/content-map.ts'
import type { ObjectId } from '../objects/id.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { TreeEntry } from '../objects/tree.ts'
import type { WriteSession } from '../store/local-store.ts'
import { readEntry } from '../worktree/write-file.ts'
import type { MergeRules } from './merge-rules.ts'

export interface ContentMerger extends AsyncDisposable {
  /** The merged file, or undefined if it is no text or the same lines were changed. */
  merge(base: TreeEntry | null, ours: TreeEntry, theirs: TreeEntry): Promise<TreeEntry | undefined>
  /** The file with conflict markers, or undefined if it is no text. */
  mark(base: TreeEntry | null, ours: TreeEntry, theirs: TreeEntry): Promise<TreeEntry | undefined>
}

/** @param labels - what marker lines call the sides */
export function createContentMerger(
  session: WriteSession,
  labels: { ours: string; theirs: string },
  rules: MergeRules,
): ContentMerger {
  let pool: ChunkPool | undefined
  const merged = async (
    base: TreeEntry | null,
    ours: TreeEntry,
    theirs: TreeEntry,
  ): Promise<MergedText | undefined> => {
    const rule = rules(ours.path)
    if (rule.by === 'nothing') return undefined
    const maxBytes = rule.by === 'rows' ? MAX_MERGED_TABLE_BYTES : MAX_MERGED_TEXT_BYTES
    const texts: string[] = []
    for (const entry of [base, ours, theirs]) {
      const text = entry ? await readText(session.read, entry, maxBytes) : ''
      if (text === undefined) return undefined
      texts.push(text)
    }
    const sides = { base: texts[0]!, ours: texts[1]!, theirs: texts[2]! }
    return rule.by === 'rows' ? mergeTables(sides, rule, labels, ours.path) : mergeTexts(sides, labels)
  }
  const store = async (like: TreeEntry, text: string): Promise<TreeEntry> => {
    pool ??= createChunkPool()
    return storeBytes(session, pool, like, utf8(text))
  }
  return {
    async merge(base, ours, theirs) {
      const result = await merged(base, ours, theirs)
      return result && result.conflicts === 0 ? store(ours, result.text) : undefined
    },
    async mark(base, ours, theirs) {
      if ([base, ours, theirs].some((entry) => entry && entry.kind !== 'file')) return undefined
      const result = await merged(base, ours, theirs)
      return result && result.conflicts > 0 ? store(ours, result.text) : undefined
    },
    async [Symbol.asyncDispose]() {
      await pool?.close()
    },
  }
}

/** Undefined if it is too long, or no text. */
export async function readText(
  read: ReadObject,
  entry: TreeEntry,
  maxBytes = MAX_MERGED_TEXT_BYTES,
): Promise<string | undefined> {
  if (entry.bytes > maxBytes) return undefined
  const pieces: Uint8Array[] = []
  for await (const piece of readEntry(read, entry)) pieces.push(piece)
  return textOf(concatBytes(...pieces))
}

async function storeBytes(
  session: WriteSession,
  pool: ChunkPool,
  like: TreeEntry,
  bytes: Uint8Array,
): Promise<TreeEntry> {
  const { chunks, fileId } = pool.ingest(bytes.length > 0 ? [bytes] : [], bytes.length)
  async function* stored(): AsyncGenerator<ChunkRef> {
    for await (const chunk of chunks) {
      await session.putHashed('chunk', chunk.id as ObjectId, chunk.bytes)
      yield { id: chunk.id as ObjectId, bytes: chunk.bytes.length }
    }
  }
  const content = await buildContentMap(stored(), session.put)
  return { ...like, bytes: bytes.length, fileId: (await fileId) as ObjectId, content }
}
