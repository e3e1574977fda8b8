/** All blobs of one node: one file each, in 256 folders by the first byte of the id in hex (base64url ids differ by case
 *  only, which some file systems fold). */

import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fromHex, toHex } from '../../base/bytes.ts'
import { type BlobId, blobIdText } from '../../protocol/blob-id.ts'
import { type BlobMetadata, parseMetadata } from '../../protocol/metadata.ts'
import { BlobFile } from './blob-file.ts'

const SUFFIX = '.blob'
/** Blobs whose record tables and metadata stay in memory: about 14 KB each at 208 shards. */
const MAX_RECENT = 256

export interface StoredBlob {
  readonly file: BlobFile
  readonly metadata: BlobMetadata
}

export class BlobStore {
  readonly #dir: string
  /** The last blobs used, kept alive. */
  readonly #recent = new Map<string, Promise<StoredBlob | undefined>>()
  /** Everything somebody still works with. A file must have one `BlobFile` only, which knows where it ends. */
  readonly #alive = new Map<string, WeakRef<StoredBlob>>()
  readonly #gone = new FinalizationRegistry<string>((hex) => {
    if (this.#alive.get(hex)?.deref() === undefined) this.#alive.delete(hex)
  })

  /** @param dir - folder of this node; made when something is stored */
  constructor(dir: string) {
    this.#dir = dir
  }

  #path(hex: string): string {
    return join(this.#dir, hex.slice(0, 2), hex + SUFFIX)
  }

  /** What is stored of a blob; undefined without metadata. */
  find(id: BlobId): Promise<StoredBlob | undefined> {
    const hex = toHex(id)
    const recent = this.#recent.get(hex)
    if (recent) return recent
    const alive = this.#alive.get(hex)?.deref()
    return this.#remember(hex, alive ? Promise.resolve(alive) : this.#load(hex))
  }

  async #load(hex: string): Promise<StoredBlob | undefined> {
    const file = await BlobFile.open(this.#path(hex))
    const bytes = await file?.readMetadata()
    return file && bytes ? this.#keep(hex, { file, metadata: parseMetadata(bytes) }) : undefined
  }

  #keep(hex: string, stored: StoredBlob): StoredBlob {
    this.#alive.set(hex, new WeakRef(stored))
    this.#gone.register(stored, hex)
    return stored
  }

  #remember(hex: string, loading: Promise<StoredBlob | undefined>): Promise<StoredBlob | undefined> {
    this.#recent.set(hex, loading)
    const forget = () => {
      if (this.#recent.get(hex) === loading) this.#recent.delete(hex)
    }
    // Absence is not remembered: the next write creates the file.
    loading.then((found) => found ?? forget(), forget)
    if (this.#recent.size > MAX_RECENT) this.#recent.delete(this.#recent.keys().next().value!)
    return loading
  }

  /** Stores metadata unless it is there.
   *  @param bytes - BCS of the metadata, already checked against the id
   *  @returns true if it is new */
  async putMetadata(id: BlobId, bytes: Uint8Array): Promise<boolean> {
    const hex = toHex(id)
    // Two requests at once must not both create: whoever finds another's attempt waits for that one.
    for (;;) {
      const looking = this.find(id)
      if (await looking) return false
      const other = this.#recent.get(hex)
      if (other !== undefined && other !== looking) continue
      await this.#remember(hex, this.#create(hex, bytes))
      return true
    }
  }

  async #create(hex: string, bytes: Uint8Array): Promise<StoredBlob> {
    await mkdir(join(this.#dir, hex.slice(0, 2)), { recursive: true, mode: 0o700 })
    const file = await BlobFile.create(this.#path(hex), bytes)
    return this.#keep(hex, { file, metadata: parseMetadata(bytes) })
  }

  async delete(id: BlobId): Promise<void> {
    const hex = toHex(id)
    this.#recent.delete(hex)
    this.#alive.delete(hex)
    await rm(this.#path(hex), { force: true })
  }

  /** Ids of all blobs stored, base64url. */
  async list(): Promise<string[]> {
    const texts: string[] = []
    for (const folder of await readFolder(this.#dir)) {
      for (const name of await readFolder(join(this.#dir, folder)))
        if (/^[0-9a-f]{64}\.blob$/.test(name)) texts.push(blobIdText(fromHex(name.slice(0, 64))))
    }
    return texts
  }
}

async function readFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
