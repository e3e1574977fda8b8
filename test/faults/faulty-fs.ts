/** The disk of this machine with single calls replaced. */

import { type FileSystem, FileSystemError } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'

/** @param overrides - calls that behave otherwise; the rest goes to the disk */
export function faultyFs(overrides: Partial<FileSystem>): FileSystem {
  // Who replaces listing replaces it in both forms.
  const listing = overrides.readDirectory && !overrides.readTextDirectory ? { readTextDirectory: () => undefined } : {}
  return { ...nodeFs, ...listing, ...overrides }
}

/** A disk on which some paths cannot be opened or listed, whoever asks (tests may run as root). */
export function unreadableFs(isUnreadable: (path: string) => boolean): FileSystem {
  const refuse = (operation: string, path: string) => {
    if (isUnreadable(path)) throw new FileSystemError('EACCES', operation, path)
  }
  return faultyFs({
    open(path, mode, options) {
      refuse('open', path)
      return nodeFs.open(path, mode, options)
    },
    readDirectory(path) {
      refuse('read directory', path)
      return nodeFs.readDirectory(path)
    },
  })
}
