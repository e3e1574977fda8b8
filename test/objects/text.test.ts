import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeText } from '../../src/objects/text.ts'

test('terminal controls, bidirectional marks and hidden tags are removed', () => {
  expect(safeText('\u001b[31mred\u001b[0m')).toBe('[31mred[0m')
  expect(safeText('a\u0007\r\n\tb\u009b2J\u007f')).toBe('ab2J')
  expect(safeText('user\u202egnp.exe\u2066\u2069\u200f\u061c')).toBe('usergnp.exe')
  expect(safeText(`x\u{e0041}\u{e007f}y\ufeff\u2028z`)).toBe('xyz')
  expect(safeText('\ud800a')).toBe('\ufffda')
})

test('ordinary text stays, emoji with joiners included', () => {
  for (const text of ['naïve café', 'データ', '👩\u200d🔬', 'a/b c', '']) expect(safeText(text)).toBe(text)
})

test('a message may keep its lines and tabs', () => {
  expect(safeText('one\n\ttwo\r\n\u001b[2Jthree', { lines: true })).toBe('one\n\ttwo\n[2Jthree')
})

test('nothing unsafe survives, whatever goes in', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(safeText(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
      expect(safeText(safeText(text))).toBe(safeText(text))
    }),
  )
})
