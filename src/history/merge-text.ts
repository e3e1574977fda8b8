/** Merging two texts that were made from a third, line by line, as git's merge does it: changes of the two sides that keep
 *  at least one line of the base between them are both taken, equal ones once, all else is a conflict. */

import { diffLines, type LineChange } from './line-diff.ts'

/** Longest text that is merged, in bytes; longer ones conflict as a whole. */
export const MAX_MERGED_TEXT_BYTES: number = 16 * 2 ** 20

export interface MergedText {
  text: string
  /** Places where both sides changed the same lines; they stand in the text between marker lines. */
  conflicts: number
}

export interface TextSides {
  base: string
  ours: string
  theirs: string
}

/** Undefined if the texts have too little in common to be compared.
 *  @param labels - what the marker lines call the two sides */
export function mergeTexts(sides: TextSides, labels: { ours: string; theirs: string }): MergedText | undefined {
  const base = splitLines(sides.base)
  const ours = splitLines(sides.ours)
  const theirs = splitLines(sides.theirs)
  const ourChanges = diffLines(base, ours)
  const theirChanges = diffLines(base, theirs)
  if (!ourChanges || !theirChanges) return undefined
  const merged: string[] = []
  let conflicts = 0
  let at = 0
  for (const group of groups(ourChanges, theirChanges)) {
    merged.push(...base.slice(at, group.from))
    at = group.to
    const mine = sideOf(ours, group.ours, group)
    const other = sideOf(theirs, group.theirs, group)
    if (group.theirs.length === 0 || sameLines(mine, other)) merged.push(...mine)
    else if (group.ours.length === 0) merged.push(...other)
    else {
      conflicts++
      merged.push(
        `<<<<<<< ${labels.ours}\n`,
        ...closed(mine),
        '=======\n',
        ...closed(other),
        `>>>>>>> ${labels.theirs}\n`,
      )
    }
  }
  merged.push(...base.slice(at))
  return { text: merged.join(''), conflicts }
}

/** True if a line of the text is one that a conflict put there. */
export function hasConflictMarkers(text: string): boolean {
  return /^(<{7}|>{7}) /m.test(text)
}

/** The text of a file, or undefined if it is not text: it has a NUL, or is not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Lines with their ends; the last may have none. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

/** Changes of both sides that overlap or touch, over one range of the base. */
interface Group {
  from: number
  to: number
  ours: LineChange[]
  theirs: LineChange[]
}

function* groups(ours: readonly LineChange[], theirs: readonly LineChange[]): Generator<Group> {
  let o = 0
  let t = 0
  while (o < ours.length || t < theirs.length) {
    const first = t >= theirs.length || (o < ours.length && ours[o]!.aFrom <= theirs[t]!.aFrom) ? ours[o]! : theirs[t]!
    const group: Group = { from: first.aFrom, to: first.aTo, ours: [], theirs: [] }
    for (;;) {
      if (o < ours.length && ours[o]!.aFrom <= group.to) {
        group.to = Math.max(group.to, ours[o]!.aTo)
        group.ours.push(ours[o++]!)
      } else if (t < theirs.length && theirs[t]!.aFrom <= group.to) {
        group.to = Math.max(group.to, theirs[t]!.aTo)
        group.theirs.push(theirs[t++]!)
      } else break
    }
    yield group
  }
}

/** What one side has in the place of a group's range. */
function sideOf(lines: readonly string[], changes: readonly LineChange[], group: Group): readonly string[] {
  const first = changes[0]
  const last = changes.at(-1)
  if (!first || !last) return []
  return lines.slice(first.bFrom - (first.aFrom - group.from), last.bTo + (group.to - last.aTo))
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index])
}

/** A marker begins a line, also after a text whose last line has no end. */
function closed(lines: readonly string[]): string[] {
  const last = lines.at(-1)
  return last === undefined || last.endsWith('\n') ? [...lines] : [...lines.slice(0, -1), `${last}\n`]
}
