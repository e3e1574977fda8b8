/** Changes to many lists of what files hold, written a batch at a time. */

import { dirname } from 'node:path'
import type { HeldDraft, HeldFiles } from './held-files.ts'
import type { HeldList } from './held-list.ts'

/** Bytes of lists that are written at once: the merged index is made anew once for all of them. */
const BATCH_BYTES = 32 * 2 ** 20

/** Changes to lists, put together. What is to be taken away is known until the batch is written. */
export class HeldBatch {
  readonly #held: HeldFiles
  #drafts: HeldDraft[] = []
  #removed: HeldList[] = []
  #bytes = 0
  /** Folder → a path in it. */
  #parents = new Map<string, string>()

  constructor(held: HeldFiles) {
    this.#held = held
  }

  /** The names of the file and its folders will be durable before its list is. */
  noteParents(path: string): void {
    this.#parents.set(dirname(path), path)
  }

  async add(draft: HeldDraft | null, removed: readonly HeldList[]): Promise<void> {
    if (draft) this.#drafts.push(draft)
    this.#removed.push(...removed)
    this.#bytes += draft?.records.length ?? 0
    if (this.#bytes >= BATCH_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#parents.size > 0) await syncParents(this.#held, [...this.#parents.values()])
    if (this.#drafts.length + this.#removed.length > 0) {
      // Since they were read, another batch may have made the lists be opened again.
      const gone = new Set(this.#removed.map(({ name }) => name))
      const removed = (await this.#held.lists()).filter(({ name }) => gone.has(name))
      await this.#held.change(this.#drafts, removed)
    }
    this.#drafts = []
    this.#removed = []
    this.#bytes = 0
    this.#parents = new Map()
  }
}

/** Makes the names of files durable, and those of their folders, which may be as new. */
export async function syncParents(
  { fs, root }: Pick<HeldFiles, 'fs' | 'root'>,
  paths: readonly string[],
): Promise<void> {
  const folders = new Set<string>()
  for (const path of paths)
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) folders.add(folder)
  for (const folder of folders) await fs.syncDirectory(`${root}/${folder}`)
  await fs.syncDirectory(root === '' ? '/' : root)
}
