/** Quantities as a person reads them. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Decimal units with three significant digits: `999 B`, `1.23 MB`. */
export function formatBytes(bytes: number | bigint): string {
  let value = Number(bytes)
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  if (unit === 0) return `${Math.round(value)} B`
  return `${value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[unit]}`
}
