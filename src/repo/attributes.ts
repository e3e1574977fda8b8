/** `attributes`: what `.floeattributes` says of paths. */

import type { Workspace } from '../store/workspace.ts'
import { ATTRIBUTES_FILE, type Attributes, readAttributes } from '../worktree/attributes.ts'

export interface AttributesOfPaths {
  paths: { path: string; attributes: Attributes }[]
  /** Lines that were passed over, and why. */
  warnings: string[]
}

/** @throws {UnreadableError} WORKTREE_UNREADABLE */
export function attributesOf(workspace: Workspace, paths: readonly string[]): AttributesOfPaths {
  const rules = readAttributes(workspace.fs, workspace.root)
  return {
    paths: paths.map((path) => ({ path, attributes: path === '' ? {} : rules.of(path) })),
    warnings: rules.warnings.map(({ line, reason }) => `${ATTRIBUTES_FILE}, line ${line}: ${reason}`),
  }
}
