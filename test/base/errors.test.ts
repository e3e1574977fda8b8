import { describe, expect, it } from 'vitest'
import { EXIT_CODES, FloeError, IntegrityError } from '../../src/base/errors.ts'

describe('FloeError', () => {
  it('carries the exit status of its kind', () => {
    expect(new IntegrityError('X', 'broken').exitCode).toBe(13)
    expect(new FloeError('locked', 'X', 'busy').exitCode).toBe(11)
  })

  it('keeps the exit table that scripts rely on', () => {
    expect(EXIT_CODES).toEqual({
      other: 1,
      usage: 2,
      partial: 3,
      'not-a-repository': 10,
      locked: 11,
      auth: 12,
      integrity: 13,
      network: 14,
      internal: 70,
      cancelled: 130,
    })
  })

  it('renders data, hints and code as JSON without the cause', () => {
    const error = new FloeError('network', 'NODE_TIMEOUT', 'no answer', {
      data: { node: 3 },
      hints: ['try again'],
      retryable: true,
      cause: new Error('secret'),
    })
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'NODE_TIMEOUT',
      kind: 'network',
      message: 'no answer',
      data: { node: 3 },
      hints: ['try again'],
      retryable: true,
    })
  })
})
