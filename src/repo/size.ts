/** Sizes as people write them. */

import { UsageError } from '../base/errors.ts'

const UNITS: Readonly<Record<string, number>> = { '': 1, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30, TIB: 2 ** 40 }

/** Bytes of a text such as `20GiB`. @throws {UsageError} SIZE_MALFORMED (exit 2) */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]iB)?$/i.exec(text)
  const bytes = match ? Math.floor(Number(match[1]) * UNITS[(match[2] ?? '').toUpperCase()]!) : Number.NaN
  if (Number.isSafeInteger(bytes)) return bytes
  throw new UsageError('SIZE_MALFORMED', `"${text.slice(0, 100)}" is no size; write bytes, or 20GiB and the like`)
}
