/** What whoever stages files should know, though all went well. */

import type { HeldResult } from '../store/held-keep.ts'
import type { Workspace } from '../store/workspace.ts'
import { ATTRIBUTES_FILE, readAttributes } from '../worktree/attributes.ts'
import { lossWarnings } from './in-place.ts'

export interface StageWarning {
  code: 'ATTRIBUTES_UNKNOWN' | 'ENCRYPT_UNAVAILABLE' | 'IN_PLACE_LOST'
  message: string
  paths: string[]
}

interface Staged {
  /** Called only where some files are to be told apart. */
  added(): readonly { path: string }[]
  inPlace: readonly HeldResult[]
}

const MAX_WARNED_PATHS = 100

export function stageWarnings(workspace: Workspace, staged: Staged): StageWarning[] {
  return [...attributeWarnings(workspace, staged), ...lossWarnings(staged.inPlace)]
}

/** What is staged is stored alike, but whoever wrote the line meant something by it. */
function attributeWarnings(workspace: Workspace, staged: Staged): StageWarning[] {
  const rules = readAttributes(workspace.fs, workspace.root)
  const warnings: StageWarning[] = rules.warnings.map(({ line, reason }) => ({
    code: 'ATTRIBUTES_UNKNOWN',
    message: `${ATTRIBUTES_FILE}, line ${line}: ${reason}`,
    paths: [ATTRIBUTES_FILE],
  }))
  const secret = rules.valuesOf('encrypt').includes('yes')
    ? staged.added().flatMap(({ path }) => (rules.of(path).encrypt === 'yes' ? path : []))
    : []
  if (secret.length > 0)
    warnings.push({
      code: 'ENCRYPT_UNAVAILABLE',
      message: `${secret[0]}${secret.length > 1 ? ` and ${secret.length - 1} more` : ''}: Floe cannot encrypt yet; it can be committed here, and push will refuse to send it`,
      paths: secret.slice(0, MAX_WARNED_PATHS),
    })
  return warnings
}
