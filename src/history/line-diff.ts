/** Which lines two texts have in common, as the ranges between them that differ.
 *
 *  Lines that occur once on each side anchor the comparison (patience diff, B. Cohen), and what lies between two anchors
 *  is compared by Myers' O(ND) algorithm (1986) within a bound: texts that differ more than that have no useful merge. */

/** Lines `aFrom..aTo` of the first text became lines `bFrom..bTo` of the second; ends are exclusive. */
export interface LineChange {
  aFrom: number
  aTo: number
  bFrom: number
  bTo: number
}

/** Lines added and removed between two anchors that are still compared; the trace takes 4 · n² bytes. */
export const MAX_LINE_EDITS = 2000

/** Changes in order, with at least one common line between two of them; undefined beyond `MAX_LINE_EDITS`. */
export function diffLines(a: readonly string[], b: readonly string[]): LineChange[] | undefined {
  const changes: LineChange[] = []
  return compare(a, b, { aFrom: 0, aTo: a.length, bFrom: 0, bTo: b.length }, changes) ? joined(changes) : undefined
}

function compare(a: readonly string[], b: readonly string[], range: LineChange, changes: LineChange[]): boolean {
  let { aFrom, aTo, bFrom, bTo } = range
  while (aFrom < aTo && bFrom < bTo && a[aFrom] === b[bFrom]) {
    aFrom++
    bFrom++
  }
  while (aFrom < aTo && bFrom < bTo && a[aTo - 1] === b[bTo - 1]) {
    aTo--
    bTo--
  }
  if (aFrom === aTo && bFrom === bTo) return true
  if (aFrom === aTo || bFrom === bTo) {
    changes.push({ aFrom, aTo, bFrom, bTo })
    return true
  }
  const trimmed = { aFrom, aTo, bFrom, bTo }
  const anchors = uniqueCommonLines(a, b, trimmed)
  if (anchors.length === 0) return myers(a, b, trimmed, changes)
  for (const [atA, atB] of anchors) {
    if (!compare(a, b, { aFrom, aTo: atA, bFrom, bTo: atB }, changes)) return false
    aFrom = atA + 1
    bFrom = atB + 1
  }
  return compare(a, b, { aFrom, aTo, bFrom, bTo }, changes)
}

/** Pairs of positions of lines that occur once in each range, in an order that both ranges share: the longest such. */
function uniqueCommonLines(a: readonly string[], b: readonly string[], range: LineChange): [number, number][] {
  const onceInA = once(a, range.aFrom, range.aTo)
  const onceInB = once(b, range.bFrom, range.bTo)
  const pairs: [number, number][] = []
  for (const [line, atA] of onceInA) {
    const atB = onceInB.get(line)
    if (atA >= 0 && atB !== undefined && atB >= 0) pairs.push([atA, atB])
  }
  // Longest increasing subsequence by patience sorting; the pairs are in the order of `a`.
  const tops: number[] = []
  const before: number[] = []
  for (const [index, [, atB]] of pairs.entries()) {
    let low = 0
    let high = tops.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (pairs[tops[middle]!]![1] < atB) low = middle + 1
      else high = middle
    }
    before[index] = low > 0 ? tops[low - 1]! : -1
    tops[low] = index
  }
  const chain: [number, number][] = []
  for (let at = tops.at(-1) ?? -1; at >= 0; at = before[at]!) chain.push(pairs[at]!)
  return chain.reverse()
}

/** Line → position, or -1 if it occurs more than once. */
function once(lines: readonly string[], from: number, to: number): Map<string, number> {
  const found = new Map<string, number>()
  for (let at = from; at < to; at++) found.set(lines[at]!, found.has(lines[at]!) ? -1 : at)
  return found
}

function myers(a: readonly string[], b: readonly string[], range: LineChange, changes: LineChange[]): boolean {
  const { aFrom, bFrom } = range
  const n = range.aTo - aFrom
  const m = range.bTo - bFrom
  const trace: Int32Array[] = []
  // furthest[k + d + 1]: how far into `a` a path of d edits reaches on diagonal k.
  let furthest = new Int32Array(3)
  for (let d = 0; d <= Math.min(n + m, MAX_LINE_EDITS); d++) {
    const next = new Int32Array(2 * d + 3)
    for (let k = -d; k <= d; k += 2) {
      const down = d === 0 ? 0 : furthest[k + d + 1]! // from diagonal k + 1
      const right = d === 0 ? 0 : furthest[k + d - 1]! + 1 // from diagonal k - 1
      let x = k === -d || (k !== d && right <= down) ? down : right
      while (x < n && x - k < m && a[aFrom + x] === b[bFrom + x - k]) x++
      next[k + d + 1] = x
      if (x >= n && x - k >= m) {
        trace.push(next)
        backtrack(trace, range, n, m, changes)
        return true
      }
    }
    trace.push(next)
    furthest = next
  }
  return false
}

function backtrack(trace: readonly Int32Array[], range: LineChange, n: number, m: number, changes: LineChange[]): void {
  const edits: LineChange[] = []
  let x = n
  let y = m
  for (let d = trace.length - 1; d > 0; d--) {
    const furthest = trace[d - 1]!
    const k = x - y
    const down = furthest[k + d + 1] ?? 0
    const right = (furthest[k + d - 1] ?? 0) + 1
    const isDown = k === -d || (k !== d && right <= down)
    const atX = isDown ? down : right - 1
    const atY = atX - (isDown ? k + 1 : k - 1)
    const { aFrom, bFrom } = range
    edits.push({
      aFrom: aFrom + atX,
      aTo: aFrom + atX + (isDown ? 0 : 1),
      bFrom: bFrom + atY,
      bTo: bFrom + atY + (isDown ? 1 : 0),
    })
    x = atX
    y = atY
  }
  changes.push(...edits.reverse())
}

/** Changes that touch become one. */
function joined(changes: readonly LineChange[]): LineChange[] {
  const result: LineChange[] = []
  for (const change of changes) {
    const last = result.at(-1)
    if (last && last.aTo === change.aFrom && last.bTo === change.bFrom) {
      last.aTo = change.aTo
      last.bTo = change.bTo
    } else result.push({ ...change })
  }
  return result
}
