/** Taking back what made a folder. */

import { existsSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { pathWords, shellCommand } from './undo.ts'

export interface FolderBefore {
  /** What is to be removed: the outermost folder that was not there; null if all were. */
  readonly made: string | null
}

/** Before the folder is made.
 *  @param folder - absolute */
export function folderBefore(folder: string): FolderBefore {
  let made: string | null = null
  for (let at = folder; !existsSync(at); at = dirname(at)) {
    made = at
    if (dirname(at) === at) break
  }
  return { made }
}

export function removal(cwd: string, path: string): string {
  return shellCommand('rm', '-r', ...pathWords([relative(cwd, path)]))
}

/** Of a folder that was there and empty. */
export function emptying(cwd: string, folder: string): string {
  // Unlike rm, find takes a path for an option wherever it stands.
  const shown = relative(cwd, folder)
  return shellCommand(
    'find',
    shown === '' ? '.' : shown.startsWith('-') ? `./${shown}` : shown,
    '-mindepth',
    '1',
    '-delete',
  )
}
