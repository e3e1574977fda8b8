/** Amounts of SUI and WAL as people write them: both have 9 decimals. */

import { UsageError } from '../base/errors.ts'

const MAX_U64 = 2n ** 64n - 1n

/** @returns MIST or FROST
 *  @throws {UsageError} AMOUNT_MALFORMED */
export function parseToken(text: string, symbol: 'SUI' | 'WAL'): bigint {
  const match = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text)
  const units = match && BigInt(match[1]!) * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'))
  if (units === null || units > MAX_U64)
    throw new UsageError('AMOUNT_MALFORMED', `"${text.slice(0, 40)}" is not an amount of ${symbol}`, {
      data: { text: text.slice(0, 40) },
      hints: ['Write a decimal number with at most 9 decimals, for example 0.25'],
    })
  return units
}
