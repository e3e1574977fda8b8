/** A file system that takes names for one which differ in case, or in Unicode composition, and keeps them as they were
 *  first written, as those of macOS and Windows do. */

import type { FileSystem } from '../../src/store/file-system.ts'

/** @param fold - two names with the same image are one */
export function foldingFs(fs: FileSystem, fold: (name: string) => string): FileSystem {
  /** The path under the names that are there; what is not there stays as it is. */
  const real = (path: string): string => {
    let at = ''
    for (const segment of path.split('/').slice(1)) {
      const wanted = fold(segment)
      let name: string | undefined
      try {
        if (fs.stat(`${at}/${segment}`)) name = segment
        else
          name = fs
            .readDirectory(at === '' ? '/' : at)
            .map((entry) => Buffer.from(entry.name).toString())
            .find((other) => fold(other) === wanted)
      } catch {
        // Not a directory, or not there: whoever asks will be told.
      }
      at = `${at}/${name ?? segment}`
    }
    return at
  }
  /** The new name is kept as it is typed. */
  const named = (path: string) => `${real(path.slice(0, path.lastIndexOf('/')))}${path.slice(path.lastIndexOf('/'))}`
  return {
    open: (path, mode, options) => fs.open(real(path), mode, options),
    readFile: (path, maxBytes) => fs.readFile(real(path), maxBytes),
    stat: (path) => fs.stat(real(path)),
    readDirectory: (path) => fs.readDirectory(real(path)),
    makeDirectory: (path) => fs.makeDirectory(real(path)),
    rename(from, to) {
      const source = real(from)
      const target = real(to)
      // Another spelling of itself, or of a file that is replaced.
      if (target !== source && target !== named(to) && fs.stat(target)?.kind === 'file') fs.unlink(target)
      fs.rename(source, fs.stat(target) && target !== source ? target : named(to))
    },
    link: (existing, path) => fs.link(real(existing), real(path)),
    unlink: (path) => fs.unlink(real(path)),
    removeDirectory: (path) => fs.removeDirectory(real(path)),
    symlink: (target, path) => fs.symlink(target, real(path)),
    readLink: (path) => fs.readLink(real(path)),
    setExecutable: (path, executable) => fs.setExecutable(real(path), executable),
    syncDirectory: (path) => fs.syncDirectory(real(path)),
  }
}
