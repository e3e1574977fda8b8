/** Numbers, times and repeated values as they are typed. */

import { UsageError } from '../base/errors.ts'
import { parsePointInTime } from '../history/point-in-time.ts'

/** @throws {UsageError} NUMBER_MALFORMED (exit 2) */
export function positiveInteger(text: string, option: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError('NUMBER_MALFORMED', `${option} expected a positive number, got "${text}"`)
  return value
}

const UNITS: Record<string, number> = {
  s: 1000,
  second: 1000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 7 * 86_400_000,
  week: 7 * 86_400_000,
  month: 30 * 86_400_000,
  year: 365 * 86_400_000,
}

/** A length of time such as `14d` or `2 weeks`, in ms.
 *  @throws {UsageError} DURATION_MALFORMED (exit 2) */
export function duration(text: string, option: string): number {
  const match = /^(\d{1,9})[ .]?([a-z]+?)s?$/.exec(text.trim())
  const unit = match && (UNITS[match[2]!] ?? UNITS[`${match[2]}s`])
  if (text.trim() === '0') return 0
  if (!match || !unit)
    throw new UsageError('DURATION_MALFORMED', `${option} expected a time such as 12h, 14d or "2 weeks", got "${text}"`)
  return Number(match[1]) * unit
}

/** A point in time: a date (`2026-11-01`, also with a time), or how long ago (`2 weeks ago`, `14d`).
 *  @throws {UsageError} TIME_MALFORMED (exit 2) */
export function pointInTime(text: string, option: string, nowMs: number): number {
  const timeMs = parsePointInTime(text, nowMs)
  if (timeMs !== undefined) return timeMs
  throw new UsageError('TIME_MALFORMED', `${option} expected a date or a time such as "2 weeks ago", got "${text}"`)
}

/** Values of an option that may be given several times; one that takes several at once swallows the arguments after it. */
export function repeated(value: string, before: string[] = []): string[] {
  return [...before, value]
}
