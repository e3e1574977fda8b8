/** From what a user types to a path in the workspace. */

import { relative, resolve, sep } from 'node:path'
import { assertPath, isAtOrBelow } from '../objects/path.ts'
import type { Workspace } from '../store/workspace.ts'
import { PathOutsideError } from './errors.ts'

/** The workspace path of an argument, `''` for the root.
 *  @param cwd - what a relative argument is relative to
 *  @throws {PathOutsideError} PATH_OUTSIDE (exit 2)
 *  @throws {PathRefusedError} PATH_REFUSED (exit 2) */
export function workspacePath(workspace: Workspace, cwd: string, argument: string): string {
  const typed = relative(workspace.root || '/', resolve(cwd, argument))
    .split(sep)
    .join('/')
  // As the walk reads names there: a shell may hand out decomposed ones.
  const path = process.platform === 'darwin' ? typed.normalize('NFC') : typed
  if (path === '') return ''
  if (path === '..' || path.startsWith('../') || resolve(path) === path)
    throw new PathOutsideError(argument, workspace.root)
  assertPath(path)
  return path
}

/** What a user types for a workspace path. */
export function typedPath(workspace: Workspace, cwd: string, path: string): string {
  const typed = relative(cwd, resolve(workspace.root || '/', path))
  return typed === '' ? '.' : typed.split(sep).join('/')
}

/** True if the path is selected: named, below one that is named, or nothing is named at all. */
export function isSelected(path: string, paths: readonly string[] | undefined): boolean {
  if (!paths || paths.length === 0) return true
  return paths.some((chosen) => chosen === '' || isAtOrBelow(path, chosen))
}

/** The same for many paths, each looked up once. */
export function pathSelector(paths: readonly string[]): (path: string) => boolean {
  const chosen = new Set(paths)
  if (chosen.size === 0 || chosen.has('')) return () => true
  return (path) => {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1))
      if (chosen.has(path.slice(0, slash))) return true
    return chosen.has(path)
  }
}
