import { describe, expect, it } from 'vitest'
import { failureOf } from '../../src/ledger/abort.ts'
import { parseAddress } from '../../src/ledger/object-id.ts'

const FLOE = parseAddress('0xf10e')
const packages = new Map([
  [FLOE, 'floe'],
  [parseAddress('0xa1'), 'walrus'],
])
const abort = (address: string, module: string, abortCode: string) => ({
  message: 'MoveAbort in 1st command',
  command: 0,
  $kind: 'MoveAbort',
  MoveAbort: { abortCode, location: { package: address, module, functionName: 'f' } },
})

describe('failed transactions', () => {
  it('say what the constant of the contract says, and what to do', () => {
    const error = failureOf(abort('0xf10e', 'ref_table', '0'), packages, 'DIGEST')
    expect(error).toMatchObject({
      code: 'PUSH_STALE',
      kind: 'other',
      data: { abort: 'floe::ref_table::EStale', digest: 'DIGEST', function: 'f' },
    })
    expect(error.message).toContain('not at the commit that the caller expects')
    expect(error.hints[0]).toContain('floe pull')
  })

  it('map missing roles and money to exit 12, and changed epochs to a retry', () => {
    expect(failureOf(abort('0xf10e', 'members', '0'), packages)).toMatchObject({
      code: 'ACCESS_ROLE_MISSING',
      exitCode: 12,
      // The contract does not say which role: writer is not the one that every verb needs.
      hints: [expect.stringMatching(/writer.*`derive`.*attester.*`takedown`.*revoker/)],
    })
    expect(failureOf(abort('0x2', 'balance', '2'), packages)).toMatchObject({ code: 'FUNDS_WAL_SHORT', exitCode: 12 })
    expect(failureOf(abort('0xa1', 'messages', '1'), packages)).toMatchObject({
      code: 'WALRUS_EPOCH_CHANGED',
      retryable: true,
    })
  })

  it('know a module that only one package has, even at an unknown address', () => {
    expect(failureOf(abort('0x999', 'pack_table', '0'))).toMatchObject({
      data: { abort: 'floe::pack_table::ENotCertified' },
    })
  })

  it('keep the numbers of aborts they do not know', () => {
    expect(failureOf(abort('0x999', 'else', '77'))).toMatchObject({
      code: 'LEDGER_MOVE_ABORT',
      data: { abort: 'unknown::else::77', abortCode: '77' },
    })
  })

  it('tell missing gas from other failures', () => {
    expect(failureOf({ message: 'InsufficientGas' })).toMatchObject({ code: 'FUNDS_SUI_SHORT', exitCode: 12 })
    expect(failureOf({ message: 'InsufficientCoinBalance in command 0' })).toMatchObject({ code: 'FUNDS_WAL_SHORT' })
    expect(failureOf({ message: 'something new' })).toMatchObject({ code: 'LEDGER_EXECUTION_FAILED', exitCode: 14 })
  })
})
