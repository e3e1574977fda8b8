/** DVC's cache: a file per content, named by its MD5, in one of two layouts. What is read is hashed against that name. */

import { createHash, type Hash } from 'node:crypto'
import { resolve } from 'node:path'
import { type FileSystem, isErrno } from '../store/file-system.ts'
import { type DvcListed, MAX_LISTING_BYTES, parseDvcListing } from './dvc-file.ts'
import { ForeignFormatError, ForeignObjectCorruptError } from './errors.ts'
import { createFileSource, type FileSource } from './file-source.ts'

export interface DvcCache {
  /** Where the cache is. */
  readonly dir: string
  /** The file with that content; undefined if it is not there.
   *  @param isLegacy - named by a DVC before 3.0: a file and the same with other line ends have one name there
   *  @throws {ForeignObjectCorruptError} IMPORT_OBJECT_CORRUPT once it was read, if its bytes hash to something else */
  open(md5: string, isLegacy: boolean): FileSource | undefined
  /** What a folder holds; undefined if its listing is not there. */
  listing(md5: string): DvcListed[] | undefined
}

const MAX_CONFIG_BYTES = 1 << 20
const CORRUPT_HINT = '`dvc fetch` brings it again once the damaged file is deleted'

/** The cache that a DVC repository uses: `cache.dir` of its configuration, else `.dvc/cache`.
 *  @param root - folder with `.dvc` in it */
export function dvcCacheDir(fs: FileSystem, root: string): string {
  let dir = `${root}/.dvc/cache`
  // The later wins, as in DVC; a relative folder counts from where the file lies.
  for (const name of ['config', 'config.local']) {
    try {
      const text = new TextDecoder().decode(fs.readFile(`${root}/.dvc/${name}`, MAX_CONFIG_BYTES))
      const found = cacheDirOf(text)
      if (found !== undefined) dir = resolve(`${root}/.dvc`, found)
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'EFBIG', 'ELOOP', 'EISDIR', 'ENOTDIR')) throw error
    }
  }
  return dir
}

/** `dir` of the section `[cache]`. */
function cacheDirOf(text: string): string | undefined {
  let section = ''
  let dir: string | undefined
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[(.*)\]\s*$/.exec(line)
    if (header) section = header[1]!.trim().replace(/^'(.*)'$/, '$1')
    const value = /^\s*dir\s*=\s*(.+?)\s*$/.exec(line)
    if (section === 'cache' && value) dir = value[1]
  }
  return dir
}

/** @param dir - a cache, or a remote in a folder, which looks the same */
export function openDvcCache(fs: FileSystem, dir: string): DvcCache {
  const find = (md5: string, suffix: string, isLegacy: boolean) => {
    const place = `${md5.slice(0, 2)}/${md5.slice(2)}${suffix}`
    const paths = [`${dir}/files/md5/${place}`, `${dir}/${place}`]
    for (const path of isLegacy ? paths.reverse() : paths) {
      const source = createFileSource(fs, path, () => createCheck(md5, isLegacy))
      if (source) return source
    }
    return undefined
  }
  return {
    dir,
    open: (md5, isLegacy) => find(md5, '', isLegacy),
    listing(md5) {
      const source = find(md5, '.dir', false)
      if (!source) return undefined
      if (source.bytes > MAX_LISTING_BYTES)
        throw new ForeignObjectCorruptError('DVC folder', md5, `its listing has ${source.bytes} bytes`, CORRUPT_HINT)
      const bytes = Buffer.concat([...source.pieces()].map((piece) => Buffer.from(piece)))
      try {
        return parseDvcListing(bytes)
      } catch (error) {
        if (!(error instanceof ForeignFormatError)) throw error
        throw new ForeignObjectCorruptError('DVC folder', md5, error.message, CORRUPT_HINT)
      }
    },
  }
}

/** Takes what is read and compares at the end. */
function createCheck(md5: string, isLegacy: boolean) {
  const plain = createHash('md5')
  const unix = isLegacy ? createUnixHash() : undefined
  return {
    update(piece: Uint8Array) {
      plain.update(piece)
      unix?.update(piece)
    },
    end() {
      if (plain.digest('hex') === md5 || unix?.digest() === md5) return
      throw new ForeignObjectCorruptError('DVC file', md5, 'its bytes hash to something else', CORRUPT_HINT)
    },
  }
}

/** DVC before 3.0 hashed in blocks of 1 MiB, and in those that look like text changed CRLF to LF. */
const BLOCK_BYTES = 1 << 20
const LOOK_BYTES = 512

function createUnixHash() {
  const hash = createHash('md5')
  const block = Buffer.alloc(BLOCK_BYTES)
  let filled = 0
  const flush = () => {
    if (filled > 0) hashBlock(hash, block.subarray(0, filled))
    filled = 0
  }
  return {
    update(piece: Uint8Array) {
      for (let at = 0; at < piece.length; ) {
        const count = Math.min(BLOCK_BYTES - filled, piece.length - at)
        block.set(piece.subarray(at, at + count), filled)
        filled += count
        at += count
        if (filled === BLOCK_BYTES) flush()
      }
    },
    digest() {
      flush()
      return hash.digest('hex')
    },
  }
}

function hashBlock(hash: Hash, block: Buffer): void {
  if (!looksLikeText(block.subarray(0, LOOK_BYTES))) return void hash.update(block)
  hash.update(block.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
}

/** No zero, and at most three bytes in ten that are neither printable ASCII nor white space. */
function looksLikeText(start: Uint8Array): boolean {
  let others = 0
  for (const byte of start) {
    if (byte === 0) return false
    const isText = (byte >= 0x20 && byte < 0x7f) || (byte >= 0x08 && byte <= 0x0d && byte !== 0x0b)
    if (!isText) others++
  }
  return others / start.length <= 0.3
}
