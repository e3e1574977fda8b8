import { describe, expect, it } from 'vitest'
import { FloeError } from '../../src/base/errors.ts'
import { asFloeError, plainLine } from '../../src/cli/output.ts'
import { formatTable, formatTime, formatToken } from '../../src/cli/text.ts'

describe('plainLine', () => {
  it('takes control and bidirectional characters out of text from outside', () => {
    expect(plainLine('a\u001b[31mb\u202ec\r\nd')).toBe('a\ufffd[31mb\ufffdc\ufffd\ufffdd')
    expect(plainLine('größe 😀\tok')).toBe('größe 😀\tok')
  })
})

describe('asFloeError', () => {
  it('keeps a FloeError and calls anything else by what the user can do', () => {
    const own = new FloeError('auth', 'X', 'no')
    expect(asFloeError(own)).toBe(own)
    expect(asFloeError(Object.assign(new Error('full'), { code: 'ENOSPC' })).code).toBe('DISK_FULL')
    expect(asFloeError(Object.assign(new Error('no'), { code: 'EACCES' })).code).toBe('PERMISSION_DENIED')
    expect(asFloeError(Object.assign(new Error('no'), { code: 'EACCES' })).hints).toHaveLength(1)
    const many = asFloeError(Object.assign(new Error('many'), { code: 'EMFILE' }))
    expect(many).toMatchObject({ code: 'TOO_MANY_OPEN_FILES', exitCode: 1, hints: [expect.stringContaining('ulimit')] })
    expect(asFloeError(new DOMException('stop', 'AbortError')).exitCode).toBe(130)
    const missing = Object.assign(new Error('ENOENT: …'), { code: 'ENOENT', path: '/data/x' })
    expect(asFloeError(missing)).toMatchObject({ code: 'FILE_UNUSABLE', exitCode: 1, hints: [] })
    expect(asFloeError(missing).message).toBe('/data/x: there is no such file or folder')
    const inside = Object.assign(new Error('…'), { code: 'EISDIR', path: '/w/.floe/stat' })
    expect(asFloeError(inside).hints).toEqual([expect.stringContaining('floe fsck')])
    // Without a path there is nothing a user could look at.
    expect(asFloeError(Object.assign(new Error('…'), { code: 'ENOENT' })).code).toBe('INTERNAL')
    expect(asFloeError(new TypeError('bug'))).toMatchObject({ code: 'INTERNAL', exitCode: 70 })
    expect(asFloeError('text')).toMatchObject({ message: 'text', exitCode: 70 })
  })
})

describe('quantities', () => {
  it('prints tokens of 9 decimals without trailing zeros', () => {
    expect(formatToken(0n, 'WAL')).toBe('0 WAL')
    expect(formatToken(1_500_000_000n, 'WAL')).toBe('1.5 WAL')
    expect(formatToken('1', 'SUI')).toBe('0.000000001 SUI')
    expect(formatToken(-2_000_000_000n, 'SUI')).toBe('-2 SUI')
  })

  it('prints times with their offset and pads columns but the last', () => {
    expect(formatTime(0)).toMatch(/^19(70|69)-\d\d-\d\d \d\d:\d\d:00 [+-]\d{4}$/)
    expect(
      formatTable([
        ['a', 'b'],
        ['long', 'c'],
      ]),
    ).toEqual(['a     b', 'long  c'])
  })
})
