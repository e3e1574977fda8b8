/** Former versions of objects, readable by (id, version) until they fall out of a bounded window, oldest first. */

import type { LedgerObject } from './object.ts'

export interface VersionBounds {
  maxVersions: number
  /** Sum of the contents kept. */
  maxBytes: number
}

const DEFAULT_BOUNDS: VersionBounds = { maxVersions: 20_000, maxBytes: 64 * 1024 * 1024 }

function contentBytes(object: LedgerObject): number {
  if (object.data.kind === 'move') return object.data.contents.length
  let bytes = 0
  for (const module of object.data.modules.values()) bytes += module.length
  return bytes
}

export class VersionHistory {
  readonly #bounds: VersionBounds
  /** Insertion order is age. */
  readonly #versions = new Map<string, LedgerObject>()
  #bytes = 0

  constructor(bounds: VersionBounds = DEFAULT_BOUNDS) {
    this.#bounds = bounds
  }

  add(object: LedgerObject): void {
    const key = `${object.id}@${object.version}`
    if (this.#versions.has(key)) return
    this.#versions.set(key, object)
    this.#bytes += contentBytes(object)
    for (const [oldKey, old] of this.#versions) {
      if (this.#versions.size <= this.#bounds.maxVersions && this.#bytes <= this.#bounds.maxBytes) break
      this.#versions.delete(oldKey)
      this.#bytes -= contentBytes(old)
    }
  }

  get(id: string, version: bigint): LedgerObject | undefined {
    return this.#versions.get(`${id}@${version}`)
  }

  /** Oldest first. */
  values(): Iterable<LedgerObject> {
    return this.#versions.values()
  }
}
