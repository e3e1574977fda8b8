/** What `fsck` says of damage: every pack and object within bounds, the files that need them, and what helps. */

import { IntegrityError } from '../base/errors.ts'
import type { PackDamage } from '../store/local-store.ts'
import type { Workspace } from '../store/workspace.ts'
import { type Needs, needsOf, type ObjectRef } from './needing-files.ts'

/** How much of it an error lists. */
const MAX_PACKS = 100
const MAX_OBJECTS_OF_A_PACK = 20
const MAX_MISSING = 100
const MAX_PATHS = 100
const MAX_PATHS_OF_AN_OBJECT = 3

export interface Damage {
  packs: readonly PackDamage[]
  /** What must be here, and is in no pack. */
  missing: readonly ObjectRef[]
}

export interface ListedObject extends ObjectRef {
  /** The pack that it cannot be read from; null if it is in none. */
  pack: string | null
  /** Some of the files that need it; none where that cannot be told, or it is no content. */
  paths: string[]
}

export interface DamageData {
  [key: string]: unknown
  packs: { pack: string; reason: string; count: number }[]
  packCount: number
  objects: ListedObject[]
  /** Of all objects. */
  count: number
  missingCount: number
  /** Files of versions that need any of them. */
  paths: string[]
  pathCount: number
}

/** Something is damaged or missing, or was and cannot be had again (exit 13). */
export class DamageError extends IntegrityError {
  override name = 'DamageError'
  declare readonly data: DamageData
  constructor(
    code: 'FSCK_DAMAGED' | 'FSCK_MISSING' | 'FSCK_LOST',
    message: string,
    options: { data: DamageData; hints: readonly string[] },
  ) {
    super(code, message, options)
  }
}

/** What was found, before anything is repaired. */
export async function damageFound(
  workspace: Workspace,
  damage: Damage,
  { signal, hints = [] }: { signal?: AbortSignal | undefined; hints?: readonly string[] },
): Promise<DamageError> {
  const { packs, missing } = damage
  const needs = await needsOf(workspace, [...packs.flatMap(({ damaged }) => damaged), ...missing], signal)
  const data = listed(damage, needs)
  const places = hasRemote(workspace)
    ? ', the files of the workspace and the remote'
    : ' and the files of the workspace'
  const [first] = packs
  if (!first)
    return new DamageError('FSCK_MISSING', `${countedAre(missing.length)} missing${neededBy(data)}`, {
      data,
      hints: [...hints, `\`floe fsck --repair\` takes good copies from other packs${places}`],
    })
  const many = packs.length === 1 ? 'a pack is' : `${packs.length} packs are`
  return new DamageError(
    'FSCK_DAMAGED',
    `${many} damaged: ${first.pack.slice(0, 12)}: ${first.reason}${neededBy(data)}`,
    {
      data,
      hints: [`\`floe fsck --full --repair\` takes good copies from other packs${places}`],
    },
  )
}

/** What could not be repaired.
 *  @param outcome.stored - objects of which a good copy was found in a file or on the remote, and stored */
export function damageLeft(
  workspace: Workspace,
  left: Damage,
  needs: Needs,
  outcome: { stored: number; askedRemote: boolean },
): DamageError {
  const data = listed(left, needs)
  const places = outcome.askedRemote
    ? 'in other packs, in the files of the workspace or on the remote'
    : 'in other packs or in the files of the workspace'
  const done =
    outcome.stored === 0
      ? 'nothing was changed'
      : `of ${outcome.stored} more there is one, which was stored; what is damaged stays in its place`
  const hints: string[] = []
  if (data.pathCount > 0)
    hints.push(
      `put ${files(data)} back as the version has ${data.pathCount === 1 ? 'it' : 'them'}, from a copy you have: \`floe fsck --full --repair\` takes the contents from there`,
    )
  if (!hasRemote(workspace))
    hints.push('where a repository has the version, name it with `floe remote add origin ADDRESS`, and repair again')
  return new DamageError(
    'FSCK_LOST',
    `${countedAre(data.count)} damaged or missing, and there is no good copy ${places}; ${done}`,
    { data, hints },
  )
}

/** A remote that good copies may be had from. */
export function hasRemote(workspace: Workspace): boolean {
  return Object.keys(workspace.readConfig().remotes ?? {}).length > 0
}

function listed({ packs, missing }: Damage, needs: Needs): DamageData {
  const pathsOf = (object: ObjectRef) => needs.filesOf(object).map(({ path }) => path)
  const list = (objects: readonly ObjectRef[], pack: string | null, limit: number): ListedObject[] =>
    objects.slice(0, limit).map(({ kind, id }) => {
      return { kind, id, pack, paths: pathsOf({ kind, id }).slice(0, MAX_PATHS_OF_AN_OBJECT) }
    })
  const shown = packs.slice(0, MAX_PACKS)
  const paths = new Set([...packs.flatMap(({ damaged }) => damaged), ...missing].flatMap(pathsOf))
  return {
    packs: shown.map(({ pack, reason, damaged }) => ({ pack, reason, count: damaged.length })),
    packCount: packs.length,
    objects: [
      ...shown.flatMap(({ pack, damaged }) => list(damaged, pack, MAX_OBJECTS_OF_A_PACK)),
      ...list(missing, null, MAX_MISSING),
    ],
    count: packs.reduce((sum, { damaged }) => sum + damaged.length, missing.length),
    missingCount: missing.length,
    paths: [...paths].slice(0, MAX_PATHS),
    pathCount: paths.size,
  }
}

function countedAre(count: number): string {
  return count === 1 ? 'an object is' : `${count} objects are`
}

function neededBy(data: DamageData): string {
  return data.pathCount === 0 ? '' : `; needed by ${files(data)}`
}

function files({ paths: [first = ''], pathCount }: DamageData): string {
  if (pathCount === 1) return first
  return `${first} and ${pathCount - 1} more ${pathCount === 2 ? 'file' : 'files'}`
}
