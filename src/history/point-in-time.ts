/** Times as people write them: `2026-11-01`, `2026-11-01T12:00`, `yesterday`, `2 weeks ago`, `3.days.ago`, `14d`. */

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  second: 1000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
  month: 30 * 86_400_000,
  year: 365 * 86_400_000,
}
const MAX_CHARS = 64

/** Milliseconds since 1970, or undefined if the text is no time. A date alone means its midnight here, not in Greenwich;
 *  a month counts 30 days and a year 365. */
export function parsePointInTime(text: string, nowMs: number): number | undefined {
  if (text.length > MAX_CHARS) return undefined
  const words = text
    .trim()
    .toLowerCase()
    .replace(/[\s._]+/g, ' ')
  if (words === 'now') return nowMs
  if (words === 'today') return midnight(nowMs)
  if (words === 'yesterday') return nowMs - UNITS.day!
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    const iso = text.trim().replace(' ', 'T')
    const timeMs = Date.parse(iso.length === 10 ? `${iso}T00:00:00` : iso)
    return Number.isFinite(timeMs) ? timeMs : undefined
  }
  const match = /^(\d{1,9}) ?([a-z]+?)s?(?: ago)?$/.exec(words)
  const unit = match && Object.hasOwn(UNITS, match[2]!) ? UNITS[match[2]!] : undefined
  return unit === undefined ? undefined : nowMs - Number(match![1]) * unit
}

function midnight(nowMs: number): number {
  const date = new Date(nowMs)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}
