/** Which of many patterns, of `.floeignore` or `.floeattributes`, could match a path: each is filed under a piece of text that
 *  the path has to have for it. What it matches is not decided here. */

export interface PatternIndex {
  /** Numbers of the patterns that can match the path or a folder above it, in their order; no other can.
   *  @param path - of a folder with a slash at its end or without */
  of(path: string): readonly number[]
  /** How many are among those of every path. */
  readonly anywhere: number
}

/** Beginnings and ends of names are looked up by their lengths: so many lengths of each. */
const MAX_LENGTHS = 16
/** All that makes a pattern more than a text, and what is trimmed from it. */
const SPECIAL = /[\\?[\]\t\r]|\s$/

export function createPatternIndex(patterns: readonly string[]): PatternIndex {
  const names = new Map<string, number[]>()
  const starts = createAffixes((name, length) => name.slice(0, length))
  const ends = createAffixes((name, length) => name.slice(-length))
  const anywhere: number[] = []
  for (const [number, pattern] of patterns.entries()) {
    const key = keyOf(pattern)
    if (key?.$kind === 'name') append(names, key.text, number)
    else if (!key || !(key.$kind === 'start' ? starts : ends).add(key.text, number)) anywhere.push(number)
  }

  const collect = (name: string, found: number[]) => {
    for (const number of names.get(name) ?? []) found.push(number)
    starts.collect(name, found)
    ends.collect(name, found)
  }
  // Paths come folder by folder.
  let folder = ''
  let ofFolder: number[] = []
  return {
    anywhere: anywhere.length,
    of(path) {
      const end = path.endsWith('/') ? path.length - 1 : path.length
      const last = path.lastIndexOf('/', end - 1)
      const above = last < 0 ? '' : path.slice(0, last)
      if (above !== folder) {
        folder = above
        ofFolder = []
        for (const name of above.split('/')) collect(name, ofFolder)
      }
      const found: number[] = []
      collect(path.slice(last + 1, end), found)
      if (found.length + ofFolder.length === 0) return anywhere
      return [...new Set([...anywhere, ...ofFolder, ...found])].sort((a, b) => a - b)
    },
  }
}

type Key = { $kind: 'name' | 'start' | 'end'; text: string }

/** What a name in a path must be, or begin or end with, for the pattern to match it or a folder above it. */
function keyOf(line: string): Key | undefined {
  if (SPECIAL.test(line)) return undefined
  const body = line.replace(/^!/, '').replace(/^\//, '').replace(/\/$/, '')
  const keys = body.split('/').map((segment): Key | undefined => {
    const star = segment.indexOf('*')
    if (star < 0) return { $kind: 'name', text: segment }
    if (star !== segment.lastIndexOf('*')) return undefined
    const [start, end] = [segment.slice(0, star), segment.slice(star + 1)]
    return end.length >= start.length ? { $kind: 'end', text: end } : { $kind: 'start', text: start }
  })
  // Nothing, or the folder itself: what the package makes of it is its own affair.
  if (keys.some((key) => key && /^\.{0,2}$/.test(key.text) && key.$kind === 'name')) return undefined
  const isName = (key: Key) => (key.$kind === 'name' ? 1 : 0)
  const known = keys.filter((key) => key !== undefined && key.text !== '') as Key[]
  return known.sort((a, b) => isName(b) - isName(a) || b.text.length - a.text.length)[0]
}

function append(lists: Map<string, number[]>, key: string, number: number): void {
  const list = lists.get(key)
  if (list) list.push(number)
  else lists.set(key, [number])
}

/** Numbers of patterns by a text that a name begins or ends with. */
function createAffixes(cut: (name: string, length: number) => string) {
  const byText = new Map<string, number[]>()
  const lengths: number[] = []
  return {
    /** @returns false if there are too many lengths */
    add(text: string, number: number): boolean {
      if (!lengths.includes(text.length)) {
        if (lengths.length >= MAX_LENGTHS) return false
        lengths.push(text.length)
      }
      append(byText, text, number)
      return true
    },
    collect(name: string, found: number[]): void {
      for (const length of lengths) {
        if (name.length >= length) for (const number of byText.get(cut(name, length)) ?? []) found.push(number)
      }
    },
  }
}
