import { describe, expect, it } from 'vitest'
import { extractAbortCodes } from '../../src/move/abort-codes.ts'
import { MoveSourceError } from '../../src/move/errors.ts'
import { buildAbortCodes } from '../../src/move/package-files.ts'

describe('extractAbortCodes', () => {
  it('reads number, name and the comment above', () => {
    const text = `module a::thing;
/// First line
/// and second.
const EWrong: u64 = 3;
#[allow(unused_const)]
const EOther: u64 = 0x10;
const LIMIT: u64 = 4;
`
    expect(extractAbortCodes({ 'sources/thing.move': text })).toEqual({
      thing: [
        { code: 3, name: 'EWrong', doc: 'First line and second.' },
        { code: 16, name: 'EOther', doc: '' },
      ],
    })
  })

  it('leaves out tests and modules without codes', () => {
    expect(extractAbortCodes({ 'tests/t.move': 'module a::t;\nconst EWrong: u64 = 1;\n' })).toEqual({})
    expect(extractAbortCodes({ 'sources/t.move': 'module a::t;\n' })).toEqual({})
  })

  it('refuses one number for two constants', () => {
    const text = 'module a::t;\nconst EOne: u64 = 1;\nconst ETwo: u64 = 1;\n'
    expect(() => extractAbortCodes({ 'sources/t.move': text })).toThrow(MoveSourceError)
  })
})

describe('abort codes of the packages', () => {
  const codes = buildAbortCodes()

  it('are documented', () => {
    for (const name of ['floe', 'walrus', 'wal_exchange'] as const) {
      const silent = Object.entries(codes[name]!).flatMap(([module, list]) =>
        list.filter((code) => code.doc === '').map((code) => `${module}::${code.name}`),
      )
      expect(silent).toEqual([])
    }
  })

  /** reference: abort codes of the deployed Walrus package, for the modules that clients meet. */
  it('of walrus have the numbers of the deployed package', () => {
    const numbers = (module: string) =>
      Object.fromEntries(codes['walrus']![module]!.map((code) => [code.name, code.code]))
    expect(numbers('blob')).toEqual({
      ENotCertified: 0,
      EBlobNotDeletable: 1,
      EResourceBounds: 2,
      EResourceSize: 3,
      EAlreadyCertified: 5,
      EInvalidBlobId: 6,
      EDuplicateMetadata: 7,
      EMissingMetadata: 8,
      EInvalidBlobPersistenceType: 9,
      EInvalidBlobObject: 10,
    })
    expect(numbers('storage_resource')).toEqual({
      EInvalidEpoch: 0,
      EIncompatibleEpochs: 1,
      EIncompatibleAmount: 2,
      EInvalidEpochRange: 3,
    })
    expect(numbers('bls_aggregate')).toEqual({
      EInvalidBitmap: 0,
      ESigVerification: 1,
      ENotEnoughStake: 2,
      EIncorrectCommittee: 3,
    })
    expect(numbers('messages')).toEqual({
      EIncorrectAppId: 0,
      EIncorrectEpoch: 1,
      EInvalidMsgType: 2,
      EIncorrectIntentVersion: 3,
      EInvalidBlobPersistenceType: 4,
      ENotDeletable: 5,
      EInvalidKeyLength: 6,
    })
    expect(numbers('system')).toEqual({ EInvalidMigration: 0, EWrongVersion: 1, EZeroExtractSize: 2 })
    expect(numbers('staking')).toEqual({ EInvalidMigration: 0, EWrongVersion: 1 })
    expect(numbers('storage_pool')).toEqual({
      EBlobNotDeletable: 0,
      EResourceBounds: 1,
      EAlreadyCertified: 2,
      EInvalidBlobId: 3,
      EInvalidBlobPersistenceType: 4,
      EInvalidBlobObject: 5,
      EInsufficientCapacity: 6,
      EPoolNotEmpty: 7,
      EInvalidBlobSize: 8,
      EInvalidBlobCount: 9,
      EWrongVersion: 10,
      EIncompatibleEndEpoch: 11,
      EDuplicateMetadata: 12,
      EMissingMetadata: 13,
      EInvalidPercent: 14,
    })
    expect(numbers('staking_inner')).toMatchObject({
      EWrongEpochState: 0,
      EInvalidSyncEpoch: 1,
      EDuplicateSyncDone: 2,
      ENotInCommittee: 4,
      ECommitteeSelected: 5,
      ENextCommitteeIsEmpty: 6,
      EPoolNotFound: 8,
      EZeroNodeWeight: 9,
    })
    expect(numbers('system_state_inner')).toMatchObject({
      EInvalidMaxEpochsAhead: 0,
      EStorageExceeded: 1,
      EInvalidEpochsAhead: 2,
      EInvalidIdEpoch: 3,
      EInvalidResourceSize: 11,
      EInvalidStartEpoch: 12,
    })
  })

  it('of the framework that users meet are those of the chain', () => {
    const framework = codes['sui-framework']!
    expect(framework['balance']!.map((code) => [code.code, code.name])).toEqual([
      [0, 'ENonZero'],
      [1, 'EOverflow'],
      [2, 'ENotEnough'],
    ])
    expect(framework['dynamic_field']!.map((code) => code.code)).toEqual([0, 1, 2])
    expect(framework['vec_map']!.slice(0, 2).map((code) => code.name)).toEqual([
      'EKeyAlreadyExists',
      'EKeyDoesNotExist',
    ])
  })
})
