/** A tree of files made durable, before it gets the name under which it has to be complete. */

import { mapLimited } from '../base/limit.ts'
import type { FileSystem } from './file-system.ts'

/** Up to here file after file takes less time than what else the file system may have to write. */
const FEW_FILES = 500
/** The thread pool that waits for the device has four threads; a journal commits what comes at the same time at once. */
const SYNCS_AT_ONCE = 16

/** Resolves when all files and names below a folder are on the device.
 *  @param files - how many there are, about
 *  @throws {FileSystemError} STORE_IO or STORE_DISK_FULL (exit 1) */
export async function syncTree(fs: FileSystem, dir: string, files: number): Promise<void> {
  if (files > FEW_FILES && (await fs.syncWhole?.(dir))) return
  const folders = [dir]
  // Grows while it is gone through.
  for (const folder of folders) {
    const paths: string[] = []
    for (const { name, kind } of fs.readDirectory(folder)) {
      const path = `${folder}/${Buffer.from(name).toString('utf8')}`
      if (kind === 'directory') folders.push(path)
      else if (kind === 'file') paths.push(path)
    }
    await mapLimited(paths, SYNCS_AT_ONCE, async (path) => {
      const file = fs.open(path, 'read')
      try {
        await file.sync()
      } finally {
        file.close()
      }
    })
    await fs.syncDirectory(folder)
  }
}
