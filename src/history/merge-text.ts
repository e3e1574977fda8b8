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
  const pieces: Piece[] = []
  let at = 0
  for (const group of groups(ourChanges, theirChanges)) {
    pieces.push({ $kind: 'same', lines: base.slice(at, group.from) })
    at = group.to
    const mine = sideOf(ours, group.ours, group)
    const other = sideOf(theirs, group.theirs, group)
    if (group.theirs.length === 0) pieces.push({ $kind: 'taken', lines: mine })
    else if (group.ours.length === 0) pieces.push({ $kind: 'taken', lines: other })
    else if (sameLines(mine, other)) pieces.push({ $kind: 'same', lines: mine })
    else pieces.push(...refined(mine, other, startOf(group.ours, group), startOf(group.theirs, group)))
  }
  pieces.push({ $kind: 'same', lines: base.slice(at) })
  const joined = [...joinedConflicts(pieces)]
  const merged = joined.flatMap((piece) => {
    if (piece.$kind !== 'conflict') return piece.lines
    const ends = [
      lineEndAt(ours, piece.oursAt - 1),
      lineEndAt(theirs, piece.theirsAt - 1),
      base.length > 0 ? (lineEndAt(base, 0) ?? '\n') : undefined,
    ]
    const end = ends.includes('\n') || !ends.includes('\r\n') ? '\n' : '\r\n'
    return [
      `<<<<<<< ${labels.ours}${end}`,
      ...closed(piece.ours, end),
      `=======${end}`,
      ...closed(piece.theirs, end),
      `>>>>>>> ${labels.theirs}${end}`,
    ]
  })
  return { text: merged.join(''), conflicts: joined.filter(({ $kind }) => $kind === 'conflict').length }
}

type Conflict = {
  $kind: 'conflict'
  ours: readonly string[]
  theirs: readonly string[]
  /** Where these lines are on either side. */
  oursAt: number
  theirsAt: number
}
/** Lines that both sides have, or that one of them changed. */
type Piece = { $kind: 'same' | 'taken'; lines: readonly string[] } | Conflict

/** What differs in a conflict, without the lines that both sides have there. */
function refined(ours: readonly string[], theirs: readonly string[], oursAt: number, theirsAt: number): Piece[] {
  const whole: Conflict = { $kind: 'conflict', ours, theirs, oursAt, theirsAt }
  // A side that has nothing there has nothing in common.
  const changes = ours.length > 0 && theirs.length > 0 ? diffLines(ours, theirs) : undefined
  if (!changes) return [whole]
  const pieces: Piece[] = []
  let at = 0
  for (const { aFrom, aTo, bFrom, bTo } of changes) {
    pieces.push({ $kind: 'same', lines: ours.slice(at, aFrom) })
    const sides = { ours: ours.slice(aFrom, aTo), theirs: theirs.slice(bFrom, bTo) }
    pieces.push({ $kind: 'conflict', ...sides, oursAt: oursAt + aFrom, theirsAt: theirsAt + bFrom })
    at = aTo
  }
  pieces.push({ $kind: 'same', lines: ours.slice(at) })
  return pieces
}

/** So few lines between two conflicts would only be harder to read than one conflict. */
const MAX_GAP_LINES = 3

function* joinedConflicts(pieces: readonly Piece[]): Generator<Piece> {
  let conflict: Conflict | undefined
  let gap: string[] = []
  for (const piece of pieces) {
    if (piece.$kind === 'same') {
      if (conflict) gap.push(...piece.lines)
      else yield piece
    } else if (conflict && piece.$kind === 'conflict' && gap.length <= MAX_GAP_LINES) {
      conflict.ours = [...conflict.ours, ...gap, ...piece.ours]
      conflict.theirs = [...conflict.theirs, ...gap, ...piece.theirs]
      gap = []
    } else {
      if (conflict) yield* [conflict, { $kind: 'same', lines: gap } as const]
      gap = []
      conflict = piece.$kind === 'conflict' ? { ...piece } : undefined
      if (!conflict) yield piece
    }
  }
  if (conflict) yield* [conflict, { $kind: 'same', lines: gap } as const]
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
  return lines.slice(startOf(changes, group), last.bTo + (group.to - last.aTo))
}

/** Where in a side's lines that begins. */
function startOf([first]: readonly LineChange[], group: Group): number {
  return first ? first.bFrom - (first.aFrom - group.from) : 0
}

/** How a line ends, or the first one: as Unix or as Windows has it. A last line without an end says as much as the one before;
 *  undefined if there is none. */
function lineEndAt(lines: readonly string[], at: number): '\n' | '\r\n' | undefined {
  const index = Math.max(0, at)
  const line = lines[index]?.endsWith('\n') ? lines[index] : lines[index - 1]
  if (line === undefined) return undefined
  return line.endsWith('\r\n') ? '\r\n' : '\n'
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index])
}

/** A marker begins a line, also after a text whose last line has no end. */
function closed(lines: readonly string[], end: string): string[] {
  const last = lines.at(-1)
  return last === undefined || last.endsWith('\n') ? [...lines] : [...lines.slice(0, -1), `${last}${end}`]
}
