/** How the contents of a file are merged: by lines, by rows, or not at all. The command line decides, else
 *  `.floeattributes`. */

import { UsageError } from '../base/errors.ts'
import type { TableRule } from '../history/merge-rows.ts'
import { tableFormatOf } from '../history/table.ts'
import type { Workspace } from '../store/workspace.ts'
import { readAttributes } from '../worktree/attributes.ts'

export type MergeRule = { by: 'lines' } | { by: 'nothing' } | ({ by: 'rows' } & TableRule)
export type MergeRules = (path: string) => MergeRule

/** Columns that name a row in every table; false: by lines whatever the attributes say. */
export type RowsOption = readonly string[] | false | undefined

const LINES: MergeRule = { by: 'lines' }

/** @throws {UsageError} MERGE_KEYS (exit 2) */
export function mergeRules(workspace: Workspace, rows: RowsOption): MergeRules {
  if (rows && (rows.length === 0 || rows.some((key) => key === '')))
    throw new UsageError('MERGE_KEYS', 'name the columns that tell rows apart: --rows id')
  const attributes = readAttributes(workspace.fs, workspace.root)
  return (path) => {
    const format = tableFormatOf(path)
    const { merge, key } = attributes.of(path)
    if (merge === 'binary') return { by: 'nothing' }
    if (rows === false) return LINES
    const keys = rows ?? (merge === 'rows' ? key?.split(',') : undefined)
    return keys && format ? { by: 'rows', format, keys } : LINES
  }
}
