/** Good copies of chunks and content maps in the files of the workspace.
 *
 *  Where a version says that a chunk stands in a file, that is looked at first; where it is not there any more, or nothing says
 *  where it stood, the file is cut again, then others of its size; all files are only where nobody can tell what needs it. What is given has been hashed, so a file that changed gives what it has in common
 *  with the version, and nothing else. */

import { throwIfAborted } from '../base/abort.ts'
import { FloeError } from '../base/errors.ts'
import { type ChunkPool, createChunkPool } from '../chunking/pool.ts'
import { type ChunkSizing, chunkParamsFor } from '../chunking/profile.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { buildContentMap, type ChunkRef, walkContentMap } from '../objects/content-map.ts'
import { type ObjectId, objectIdFor, objectKey } from '../objects/id.ts'
import { ObjectSet } from '../objects/object-set.ts'
import type { WriteObject } from '../objects/reader.ts'
import type { TreeEntry } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { chunkSizings, readAttributes } from '../worktree/attributes.ts'
import { readLinkTarget, readSnapshot } from '../worktree/read-file.ts'
import { scan } from '../worktree/scan.ts'
import type { Needs, ObjectRef } from './needing-files.ts'

export interface FileCopy {
  bytes: Uint8Array
  path: string
}

/** Where the bytes of a chunk may stand. */
interface Spot {
  path: string
  offset: number
  bytes: number
}

/** Spots that are remembered of one chunk. */
const MAX_SPOTS = 8

export class FileCopies implements AsyncDisposable {
  readonly #workspace: Workspace
  readonly #wanted = new ObjectSet()
  readonly #needs: Needs
  readonly #signal: AbortSignal | undefined
  readonly #pool: ChunkPool = createChunkPool()
  readonly #sizingOf: ((path: string) => ChunkSizing | undefined) | undefined
  readonly #spots = new Map<string, Spot[]>()
  /** Maps, and the targets of links: what is small, or cannot be had by reading at an offset. */
  readonly #whole = new Map<string, FileCopy>()
  readonly #listed = new Set<string>()
  readonly #cut = new Set<string>()
  #allCut = false
  #bySize: Map<number, string[]> | undefined

  /** @param wanted - what may be asked for */
  constructor(workspace: Workspace, wanted: Iterable<ObjectRef>, needs: Needs, signal: AbortSignal | undefined) {
    this.#workspace = workspace
    for (const { kind, id } of wanted) this.#wanted.add(kind, id)
    this.#needs = needs
    this.#signal = signal
    this.#sizingOf = chunkSizings(readAttributes(workspace.fs, workspace.root))
  }

  /** Undefined for what no file has. */
  async find(object: ObjectRef): Promise<FileCopy | undefined> {
    if (object.kind !== 'chunk' && object.kind !== 'map') return undefined
    const files = this.#needs.filesOf(object)
    for (const file of files) await this.#list(file)
    const listed = this.#take(object)
    if (listed) return listed
    for (const { path, kind } of files) if (kind === 'file') await this.#cutFile(path)
    const cut = this.#take(object)
    if (cut) return cut
    // Files that were renamed.
    for (const { bytes } of files) for (const path of this.#pathsOfSize(bytes)) await this.#cutFile(path)
    const renamed = this.#take(object)
    if (renamed || this.#needs.isComplete) return renamed
    // Which files need it nobody can tell: it may be in any.
    await this.#cutAll()
    return this.#take(object)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close()
  }

  #take(object: ObjectRef): FileCopy | undefined {
    const key = objectKey(object.kind, object.id)
    const whole = this.#whole.get(key)
    if (whole) return whole
    for (const spot of this.#spots.get(key) ?? []) {
      const bytes = this.#readAt(spot)
      if (bytes && sha256Hex(bytes) === object.id) return { bytes, path: spot.path }
    }
    return undefined
  }

  /** Where a version says that the chunks of a file stand, as far as its map can be read. */
  async #list(file: TreeEntry): Promise<void> {
    const { path, content } = file
    if (!content || this.#listed.has(`${content.id} ${path}`)) return
    this.#listed.add(`${content.id} ${path}`)
    if (file.kind === 'symlink') return this.#noteLink(path)
    await unlessUnusable(async () => {
      const { readLocal } = this.#workspace.store
      for await (const { id, bytes, offset } of walkContentMap(readLocal, file, { signal: this.#signal }))
        this.#noteChunk(path, { id, bytes }, offset)
    })
  }

  async #cutFile(path: string): Promise<void> {
    if (this.#cut.has(path)) return
    this.#cut.add(path)
    // The version may have been made before the sizes were asked for.
    for (const sizing of new Set([this.#sizingOf?.(path), undefined]))
      await unlessUnusable(() => this.#cutAs(path, sizing))
  }

  async #cutAs(path: string, sizing: ChunkSizing | undefined): Promise<void> {
    const { fs, root } = this.#workspace
    await readSnapshot(fs, root, path, async (pieces, fileBytes) => {
      const params = chunkParamsFor(fileBytes, sizing)
      const { chunks, fileId } = this.#pool.ingest(pieces, fileBytes, { signal: this.#signal, params })
      // Who reads the chunks hears of the same failure.
      fileId.catch(() => undefined)
      const noteChunk = this.#noteChunk.bind(this, path)
      async function* refs(): AsyncGenerator<ChunkRef> {
        let offset = 0
        for await (const chunk of chunks) {
          const ref = { id: chunk.id as ObjectId, bytes: chunk.bytes.length }
          noteChunk(ref, offset)
          offset += ref.bytes
          yield ref
        }
      }
      const keep: WriteObject = async (kind, bytes, id = objectIdFor(kind, bytes)) => {
        if (this.#wanted.has(kind, id)) this.#whole.set(objectKey(kind, id), { bytes, path })
        return id
      }
      await buildContentMap(refs(), keep)
    })
  }

  async #cutAll(): Promise<void> {
    if (this.#allCut) return
    this.#allCut = true
    for (const { path, stat } of this.#entries()) {
      if (stat.kind === 'symlink') this.#noteLink(path)
      else await this.#cutFile(path)
    }
  }

  #pathsOfSize(bytes: number): readonly string[] {
    if (!this.#bySize) {
      this.#bySize = new Map()
      for (const { path, stat } of this.#entries()) {
        if (stat.kind !== 'file') continue
        const paths = this.#bySize.get(stat.bytes) ?? []
        this.#bySize.set(stat.bytes, paths)
        paths.push(path)
      }
    }
    return this.#bySize.get(bytes) ?? []
  }

  *#entries() {
    const { fs, root } = this.#workspace
    for (const item of scan(fs, root, { includeIgnored: true })) {
      throwIfAborted(this.#signal)
      if (item.$kind === 'entry') yield item
    }
  }

  #noteLink(path: string): void {
    try {
      const { target, fileId } = readLinkTarget(this.#workspace.fs, this.#workspace.root, path)
      if (this.#wanted.has('chunk', fileId)) this.#whole.set(objectKey('chunk', fileId), { bytes: target, path })
    } catch (error) {
      if (!isUnusable(error)) throw error
    }
  }

  #noteChunk(path: string, { id, bytes }: ChunkRef, offset: number): void {
    if (!this.#wanted.has('chunk', id)) return
    const spots = this.#spots.get(objectKey('chunk', id)) ?? []
    this.#spots.set(objectKey('chunk', id), spots)
    if (spots.length < MAX_SPOTS) spots.push({ path, offset, bytes })
  }

  #readAt({ path, offset, bytes }: Spot): Uint8Array | undefined {
    const { fs, root } = this.#workspace
    try {
      if (fs.stat(`${root}/${path}`)?.kind !== 'file') return undefined
      const file = fs.open(`${root}/${path}`, 'read')
      try {
        const buffer = new Uint8Array(bytes)
        return file.read(buffer, offset) === bytes ? buffer : undefined
      } finally {
        file.close()
      }
    } catch (error) {
      if (isUnusable(error)) return undefined
      throw error
    }
  }
}

/** A file that cannot be read, or changes meanwhile, or whose map is damaged too, gives nothing. */
async function unlessUnusable(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isUnusable(error)) throw error
  }
}

function isUnusable(error: unknown): boolean {
  return error instanceof FloeError && error.kind !== 'cancelled' && error.kind !== 'internal'
}
