/** Damage and its repair as lines: what `fsck` found, pack by pack, and what it did about it. */

import type { DamageData, ListedObject } from '../repo/fsck-damage.ts'
import type { RepairResult } from '../repo/fsck-repair.ts'
import type { RepairedRef } from '../repo/ref-repair.ts'
import { formatCount } from './text.ts'

/** Packs and files that are named; `--json` names more. */
const MAX_PACKS = 20
const MAX_PATHS = 10

export function damageLines(data: DamageData): string[] {
  const shown = data.packs.slice(0, MAX_PACKS)
  const lines = shown.flatMap(({ pack, reason, count }) => [
    `damaged  pack ${pack}: ${reason}`,
    ...objectLines(data.objects, pack, count),
  ])
  lines.push(...andMore(data.packCount - shown.length, 'damaged pack'))
  if (data.missingCount > 0) lines.push('missing', ...objectLines(data.objects, null, data.missingCount))
  if (data.pathCount > 0) {
    const paths = data.paths.slice(0, MAX_PATHS)
    lines.push(`Files that need them: ${formatCount(data.pathCount, 'file')}`, ...paths.map((path) => `  ${path}`))
    lines.push(...andMore(data.pathCount - paths.length, 'file'))
  }
  return lines
}

export function repairLines(result: RepairResult): string[] {
  const { refs, logs, packs, salvaged, taken, fetched, unneeded, files, lists, staging } = result
  const what = packs.length > 0 ? `Repaired ${formatCount(packs.length, 'pack')}` : 'Stored again what was missing'
  const lines = refs.map(putBackLine)
  for (const { name, lost } of logs)
    lines.push(`Left out ${formatCount(lost, 'line')} of the log of ${name}; the file as it was is in .floe/damaged`)
  if (packs.length + salvaged + taken + fetched > 0)
    lines.push(
      `${what}: ${formatCount(salvaged, 'object')} from packs, ${taken} from files of the workspace, ${fetched} from the remote`,
    )
  const named = files.slice(0, MAX_PATHS)
  lines.push(...named.map(({ path, objects }) => `  ${path}: ${formatCount(objects, 'object')}`))
  lines.push(...andMore(files.length - named.length, 'file'))
  if (unneeded > 0) lines.push(`Left out ${formatCount(unneeded, 'damaged object')} that nothing refers to any more`)
  for (const name of lists)
    lines.push(`Set aside .floe/held/${name}.list: what it said of files held in place cannot be read`)
  if (staging) lines.push('Set aside .floe/staging, which cannot be read: stage the changes again with `floe add`')
  return lines
}

export function putBackLine({ name, target, why }: RepairedRef): string {
  return `Put back ${name} at ${target}, since ${why}`
}

function objectLines(objects: readonly ListedObject[], of: string | null, count: number): string[] {
  const listed = objects.filter(({ pack }) => pack === of)
  const lines = listed.map(({ kind, id, paths }) => `  ${kind} ${id}${paths.length > 0 ? `  ${paths.join(', ')}` : ''}`)
  return [...lines, ...andMore(count - listed.length, 'object').map((line) => `  ${line}`)]
}

function andMore(count: number, what: string): string[] {
  return count > 0 ? [`… and ${formatCount(count, `more ${what}`)}`] : []
}
