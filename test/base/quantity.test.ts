import { expect, it } from 'vitest'
import { formatBytes } from '../../src/base/quantity.ts'

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [9_999, '10.0 kB'],
  [12_345, '12.3 kB'],
  [99_960, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.00 MB'],
  [5n * 10n ** 12n, '5.00 TB'],
])('formats %s bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})
