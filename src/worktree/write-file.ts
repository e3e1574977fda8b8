/** Writing one file or link of a version: complete and checked beside its place, then renamed into it. */

import { dirname } from 'node:path'
import { throwIfAborted } from '../base/abort.ts'
import { mapAhead } from '../base/ahead.ts'
import { concatBytes } from '../base/bytes.ts'
import { createSha256 } from '../crypto/hash.ts'
import { type PlacedChunk, walkContentMap } from '../objects/content-map.ts'
import { PathRefusedError } from '../objects/errors.ts'
import type { ReadObject } from '../objects/reader.ts'
import type { TreeEntry } from '../objects/tree-node.ts'
import { discard, uniquePath } from '../store/atomic-file.ts'
import { type FileSystem, isErrno } from '../store/file-system.ts'
import { FileIdMismatchError, WouldOverwriteError } from './errors.ts'
import { UNFINISHED_NAME } from './own-names.ts'

export interface WriteContext {
  fs: FileSystem
  root: string
  tmpDir: string
  /** Checks what it reads against its id. */
  read: ReadObject
  signal?: AbortSignal | undefined
}

/** The bytes of a version of a file, checked chunk by chunk.
 *  The file id is not proven by this; see `writeEntry`.
 *  @param options.ahead - chunks on their way at once (default 1: for what is on this machine) */
export async function* readEntry(
  read: ReadObject,
  entry: Pick<TreeEntry, 'content' | 'bytes'>,
  options: { fromByte?: number; toByte?: number; signal?: AbortSignal | undefined; ahead?: number } = {},
): AsyncGenerator<Uint8Array> {
  const from = options.fromByte ?? 0
  const to = Math.min(options.toByte ?? entry.bytes, entry.bytes)
  const { signal, ahead = 1 } = options
  const readChunk = async (chunk: PlacedChunk) => {
    throwIfAborted(signal)
    const bytes = await read('chunk', chunk.id, { signal })
    return bytes.subarray(Math.max(0, from - chunk.offset), Math.min(bytes.length, to - chunk.offset))
  }
  const chunks = walkContentMap(read, entry, options)
  if (ahead > 1) yield* mapAhead(chunks, readChunk, { slots: ahead })
  else for await (const chunk of chunks) yield await readChunk(chunk)
}

/** Puts the entry in its place. Its parents exist; what is there is replaced.
 *  @param mayReplace - asked when all of it is written, right before it takes its place; may throw
 *  @throws {FileIdMismatchError} WORKTREE_FILE_MISMATCH (exit 13) if the chunks make up another file */
export async function writeEntry(
  context: WriteContext,
  entry: TreeEntry,
  mayReplace: () => Promise<void> = async () => undefined,
): Promise<void> {
  const { fs, root } = context
  const target = `${root}/${entry.path}`
  const unfinished = uniquePath(context.tmpDir, 'checkout')
  try {
    await build(context, entry, unfinished)
    await mayReplace()
    fs.rename(unfinished, target)
  } catch (error) {
    discard(fs, unfinished)
    if (isErrno(error, 'EXDEV')) return writeBeside(context, entry, target, mayReplace)
    throw isDirectoryInTheWay(error) ? new WouldOverwriteError([entry.path]) : error
  }
}

/** Another device is mounted here, and renames do not cross devices: the unfinished file has to stand beside. */
async function writeBeside(
  context: WriteContext,
  entry: TreeEntry,
  target: string,
  mayReplace: () => Promise<void>,
): Promise<void> {
  const unfinished = uniquePath(dirname(target), UNFINISHED_NAME)
  try {
    await build(context, entry, unfinished)
    await mayReplace()
    context.fs.rename(unfinished, target)
  } catch (error) {
    discard(context.fs, unfinished)
    throw isDirectoryInTheWay(error) ? new WouldOverwriteError([entry.path]) : error
  }
}

async function build(context: WriteContext, entry: TreeEntry, path: string): Promise<void> {
  if (entry.kind === 'symlink') context.fs.symlink(await linkTarget(context, entry), path)
  else await buildFile(context, entry, path)
}

async function buildFile({ fs, read, signal }: WriteContext, entry: TreeEntry, path: string): Promise<void> {
  // A chunk has been checked against its id; of a file that is one chunk that is the file's own.
  const only = entry.content?.kind === 'chunk' ? await read('chunk', entry.content.id, { signal }) : undefined
  if (only && only.length !== entry.bytes)
    throw new FileIdMismatchError(entry.path, `${entry.bytes} bytes`, `${only.length} bytes`)
  const isProven = entry.content?.id === entry.fileId
  const hash = createSha256()
  const file = fs.open(path, 'create', { executable: entry.executable })
  try {
    if (only && isProven) return file.write(only)
    for await (const piece of readEntry(read, entry, { signal })) {
      hash.update(piece)
      file.write(piece)
    }
  } finally {
    file.close()
  }
  assertFileId(entry, hash.digest('hex'))
}

async function linkTarget({ read, signal }: WriteContext, entry: TreeEntry): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of readEntry(read, entry, { signal })) pieces.push(piece)
  const target = concatBytes(...pieces)
  if (target.length === 0 || target.includes(0))
    throw new PathRefusedError('integrity', entry.path, 'no link can have its target')
  assertFileId(entry, createSha256().update(target).digest('hex'))
  return target
}

function assertFileId(entry: TreeEntry, got: string): void {
  if (got !== entry.fileId) throw new FileIdMismatchError(entry.path, entry.fileId, got)
}

function isDirectoryInTheWay(error: unknown): boolean {
  return isErrno(error, 'EISDIR', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')
}
