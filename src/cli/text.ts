/** Numbers, sizes and times as a person reads them. */

export { formatBytes } from '../base/quantity.ts'

export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${grouped(count)} ${count === 1 ? singular : plural}`
}

/** `1,234,567`, as `toLocaleString` gives it; to be ready for the first number takes that 15 ms. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Local time with its offset, as git prints it: 2026-11-22 14:05:33 +0000. */
export function formatTime(timeMs: number): string {
  const date = new Date(timeMs)
  const offset = -date.getTimezoneOffset()
  const two = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${day} ${time} ${offset < 0 ? '-' : '+'}${two(offset / 60)}${two(offset % 60)}`
}

/** An amount of a token with 9 decimals (WAL in FROST, SUI in MIST), trailing zeros dropped. */
export function formatToken(units: bigint | string, symbol: string): string {
  const value = BigInt(units)
  const sign = value < 0n ? '-' : ''
  const magnitude = value < 0n ? -value : value
  const fraction = (magnitude % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return `${sign}${magnitude / 1_000_000_000n}${fraction ? `.${fraction}` : ''} ${symbol}`
}

/** Columns padded to their widest cell; the last is left as it is. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  return rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '))
}
