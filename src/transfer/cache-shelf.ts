/** What the cache knows of its packs besides their contents: how much may be kept, when each was used, which are pinned.
 *
 *  ```text
 *  cache/settings.json       the limit
 *  cache/used/<pack>         its time is when the pack was last used; it grows by a byte each time
 *  cache/pins/<name>.json    a label, and the packs that stay for it
 *  ```
 *  All of it is advice: what is damaged or missing counts as not said. */

import * as v from 'valibot'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { discard, ensureDirectory, replaceFile } from '../store/atomic-file.ts'
import { type FileSystem, FileSystemError } from '../store/file-system.ts'

export interface CachePin {
  label: string
  /** Names of packs. */
  packs: string[]
}

export interface CacheShelf {
  limitBytes(): number
  /** Under the lock of the cache, as all that follows. */
  setLimit(bytes: number): Promise<void>
  /** Notes that a pack is in use; not under the lock. Once per process is enough. */
  touch(pack: string): void
  /** Milliseconds since 1970; undefined if never noted. */
  usedMs(pack: string): number | undefined
  forget(pack: string): void
  pins(): CachePin[]
  pin(pin: CachePin): Promise<void>
  /** False if there was none. */
  unpin(label: string): boolean
}

export const DEFAULT_CACHE_LIMIT_BYTES: number = 10 * 2 ** 30
const MAX_SETTINGS_BYTES = 4096
const MAX_PIN_BYTES = 2 ** 20
/** 12,000 packs of 256 MiB in one pin: 3 TB. */
const MAX_PIN_PACKS = 12_000
const MAX_PINS = 1000
export const MAX_LABEL_LENGTH = 500

const settingsSchema = v.object({ limitBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) })
const pinSchema = v.object({
  label: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_LABEL_LENGTH)),
  packs: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))), v.maxLength(MAX_PIN_PACKS)),
})

export function createCacheShelf(fs: FileSystem, dir: string): CacheShelf {
  const tmpDir = `${dir}/tmp`
  const touched = new Set<string>()
  const settingsPath = `${dir}/settings.json`
  const pinPath = (label: string) => `${dir}/pins/${sha256Hex(utf8(label)).slice(0, 32)}.json`

  function read<T>(path: string, maxBytes: number, schema: v.GenericSchema<unknown, T>): T | undefined {
    try {
      return v.parse(schema, JSON.parse(fromUtf8(fs.readFile(path, maxBytes))))
    } catch (error) {
      if (error instanceof FileSystemError || error instanceof SyntaxError || error instanceof TypeError)
        return undefined
      if (v.isValiError(error)) return undefined
      throw error
    }
  }

  async function write(path: string, value: unknown): Promise<void> {
    await replaceFile(fs, path, [utf8(`${JSON.stringify(value)}\n`)], { tmpDir })
  }

  return {
    limitBytes: () => read(settingsPath, MAX_SETTINGS_BYTES, settingsSchema)?.limitBytes ?? DEFAULT_CACHE_LIMIT_BYTES,
    setLimit: (limitBytes) => write(settingsPath, { limitBytes }),
    touch(pack) {
      if (touched.has(pack)) return
      touched.add(pack)
      try {
        const file = fs.open(`${dir}/used/${pack}`, 'append')
        try {
          file.write(Uint8Array.of(0x2e))
        } finally {
          file.close()
        }
      } catch (error) {
        // A cache on a full or read-only disk still serves.
        if (!(error instanceof FileSystemError)) throw error
      }
    },
    usedMs(pack) {
      const stat = fs.stat(`${dir}/used/${pack}`)
      return stat && Number(stat.mtimeNs / 1_000_000n)
    },
    forget(pack) {
      discard(fs, `${dir}/used/${pack}`)
    },
    pins() {
      const found: CachePin[] = []
      if (!fs.stat(`${dir}/pins`)) return found
      for (const { name } of fs.readDirectory(`${dir}/pins`).slice(0, MAX_PINS)) {
        const pin = read(`${dir}/pins/${Buffer.from(name).toString('latin1')}`, MAX_PIN_BYTES, pinSchema)
        if (pin) found.push(pin)
      }
      return found.sort((a, b) => (a.label < b.label ? -1 : 1))
    },
    async pin(pin) {
      await ensureDirectory(fs, `${dir}/pins`)
      await write(pinPath(pin.label), v.parse(pinSchema, pin))
    },
    unpin(label) {
      const path = pinPath(label)
      if (!fs.stat(path)) return false
      discard(fs, path)
      return true
    },
  }
}
