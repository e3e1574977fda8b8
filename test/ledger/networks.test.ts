import { describe, expect, it } from 'vitest'
import { findNetwork, MAINNET, parseNetworkProfile, TESTNET, walCoinType } from '../../src/ledger/networks.ts'
import { packagesOfType, parseAddress, parseStructType } from '../../src/ledger/object-id.ts'

describe('network profiles', () => {
  it('carry the public ids of testnet and mainnet in full form', () => {
    for (const profile of [TESTNET, MAINNET]) expect(parseNetworkProfile(profile)).toEqual(profile)
    expect(walCoinType(MAINNET)).toMatch(/^0x[0-9a-f]{64}::wal::WAL$/)
  })

  it('prefer a profile of one’s own and name the known ones otherwise', () => {
    const own = { ...TESTNET, name: 'local', rpcUrl: 'http://127.0.0.1:9', local: true }
    expect(findNetwork('local', [own])).toBe(own)
    expect(findNetwork('testnet', [own])).toBe(TESTNET)
    expect(() => findNetwork('devnet')).toThrow(
      expect.objectContaining({ code: 'NETWORK_UNKNOWN', exitCode: 2, hints: [expect.stringContaining('local, ')] }),
    )
  })

  it('are checked field by field when they come from a file', () => {
    const broken = [
      { ...TESTNET, rpcUrl: 'ftp://x' },
      { ...TESTNET, systemObjectId: 'nope' },
      { ...TESTNET, extra: 1 },
      { ...TESTNET, name: '../x' },
      null,
    ]
    for (const value of broken)
      expect(() => parseNetworkProfile(value)).toThrow(expect.objectContaining({ code: 'NETWORK_PROFILE_MALFORMED' }))
  })
})

describe('addresses and types', () => {
  it('normalises addresses and refuses other texts', () => {
    expect(parseAddress('0x2')).toBe(`0x${'2'.padStart(64, '0')}`)
    expect(parseAddress('AB')).toBe(`0x${'ab'.padStart(64, '0')}`)
    for (const text of ['', '0x', '0xg', '1'.repeat(65), 'x y'])
      expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'ADDRESS_MALFORMED' }))
  })

  it('splits a type into its package, module, name and parameters', () => {
    const type = parseStructType('0x2::dynamic_field::Field<0x1::string::String, 0xab::m::S<u8,u64>>')
    expect(type?.params).toEqual(['0x1::string::String', '0xab::m::S<u8,u64>'])
    expect([type?.module, type?.name]).toEqual(['dynamic_field', 'Field'])
    expect(parseStructType('u64')).toBeNull()
  })

  it('finds every package that a type mentions', () => {
    expect([...packagesOfType('0x2::table::Table<0x1::string::String, vector<0xab::m::S>>')]).toEqual(
      ['0x2', '0x1', '0xab'].map(parseAddress),
    )
  })
})
