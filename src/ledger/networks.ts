/** Networks as data: end points, Walrus objects and the `floe` packages that are trusted there.
 *
 *  Walrus package ids are never listed: they change with each upgrade and are read from the System object.
 *  A profile of one's own is a JSON file of the same shape.
 *  @see walrus-sui reference §1 for the public ids */

import { fromBase58 } from '@mysten/bcs'
import * as v from 'valibot'
import { toHex } from '../base/bytes.ts'
import { UsageError } from '../base/errors.ts'
import { LedgerError } from './errors.ts'
import { parseAddress } from './object-id.ts'

const address = v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{1,64}$/), v.transform(parseAddress))
const httpUrl = v.pipe(
  v.string(),
  v.maxLength(2048),
  v.check(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'expected an http or https address',
  ),
)

const profileSchema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,30}$/)),
  /** First 4 bytes of the digest of the chain's first checkpoint, hex; a ledger with another one is refused by `check`. */
  chainId: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/))),
  rpcUrl: httpUrl,
  faucetUrl: v.optional(httpUrl),
  systemObjectId: address,
  stakingObjectId: address,
  /** Package that defines the WAL coin. */
  walPackageId: address,
  /** `floe` packages whose repositories are accepted; the last one creates new repositories. */
  floePackageIds: v.pipe(v.array(address), v.maxLength(64)),
  /** Later versions of those packages: calls go to the one with the contract version that a repository is at. */
  floeUpgrades: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          packageId: address,
          /** Its first version, which types are named after. */
          originalId: address,
          /** `repository::VERSION` of its code. */
          contract: v.pipe(v.number(), v.integer(), v.minValue(1)),
        }),
      ),
      v.maxLength(64),
    ),
  ),
  /** Shared `wal_exchange::Exchange` objects: SUI for WAL and back. */
  exchangeObjectIds: v.optional(v.pipe(v.array(address), v.maxLength(64))),
  /** Scheme of the storage nodes' addresses. */
  nodeScheme: v.optional(v.picklist(['http', 'https']), 'https'),
  /** True for a network on this machine: no cost limit and no `--public` is asked for. */
  local: v.optional(v.boolean(), false),
})

export type NetworkProfile = v.InferOutput<typeof profileSchema>
export type FloeUpgrade = NonNullable<NetworkProfile['floeUpgrades']>[number]

export const TESTNET: NetworkProfile = {
  name: 'testnet',
  chainId: '4c78adac',
  rpcUrl: 'https://fullnode.testnet.sui.io:443',
  faucetUrl: 'https://faucet.testnet.sui.io',
  systemObjectId: '0x6c2547cbbc38025cf3adac45f63cb0a8d12ecf777cdc75a4971612bf97fdf6af',
  stakingObjectId: '0xbe46180321c30aab2f8b3501e24048377287fa708018a5b7c2792b35fe339ee3',
  walPackageId: '0x8270feb7375eee355e64fdb69c50abb6b5f9393a722883c1cf45f8e26048810a',
  floePackageIds: [],
  exchangeObjectIds: [
    '0xf4d164ea2def5fe07dc573992a029e010dba09b1a8dcbc44c5c2e79567f39073',
    '0x19825121c52080bb1073662231cfea5c0e4d905fd13e95f21e9a018f2ef41862',
    '0x83b454e524c71f30803f4d6c302a86fb6a39e96cdfb873c2d1e93bc1c26a3bc5',
    '0x8d63209cf8589ce7aef8f262437163c67577ed09f3e636a9d8e0813843fb8bf1',
  ],
  nodeScheme: 'https',
  local: false,
}

export const MAINNET: NetworkProfile = {
  name: 'mainnet',
  chainId: '35834a8a',
  rpcUrl: 'https://fullnode.mainnet.sui.io:443',
  systemObjectId: '0x2134d52768ea07e8c43570ef975eb3e4c27a39fa6396bef985b5abc58d03ddd2',
  stakingObjectId: '0x10b9d30c28448939ce6c4d6c6e0ffce4a7f8a4ada8248bdad09ef8b70e4a3904',
  walPackageId: '0x356a26eb9e012a68958082340d4c4116e7f55615cf27affcff209cf0ae544f59',
  floePackageIds: [],
  nodeScheme: 'https',
  local: false,
}

/** Profiles that need no file. The local network is not among them: its ids are born with it. */
export const BUILT_IN_NETWORKS: readonly NetworkProfile[] = [TESTNET, MAINNET]

/** Sizes and prices of mainnet, for the estimate that a dry run prints beside the real cost.
 *  Prices are the launch values that nodes still vote by default; they move, so the estimate says it is one. */
export const MAINNET_REFERENCE = {
  shardCount: 1000,
  epochDays: 14,
  storagePricePerUnit: 100_000n,
  writePricePerUnit: 20_000n,
} as const

/** A profile from outside (file, `localnet status`).
 *  @param source - file it came from, for the error
 *  @throws {UsageError} NETWORK_PROFILE_MALFORMED naming the field */
export function parseNetworkProfile(value: unknown, source?: string): NetworkProfile {
  const result = v.safeParse(profileSchema, value)
  if (result.success) return result.output
  const issue = result.issues[0]
  const field = issue.path?.map((part) => String(part.key)).join('.') ?? ''
  const where = source === undefined ? 'network profile' : `network profile ${source}`
  throw new UsageError('NETWORK_PROFILE_MALFORMED', `${where}: ${field || 'value'}: ${issue.message}`, {
    data: { field, ...(source === undefined ? {} : { file: source }) },
    hints: ['Compare the file with the output of `floe network list --json`'],
  })
}

/** The profile of a name.
 *  @param own - profiles that win over the built-in ones
 *  @throws {UsageError} NETWORK_UNKNOWN naming those that exist */
export function findNetwork(name: string, own: readonly NetworkProfile[] = []): NetworkProfile {
  const profiles = [...own, ...BUILT_IN_NETWORKS]
  const found = profiles.find((profile) => profile.name === name)
  if (found) return found
  const known = [...new Set(['local', ...profiles.map((profile) => profile.name)])]
  if (name === 'local')
    throw new UsageError('NETWORK_UNKNOWN', 'the local network was not given', {
      data: { name, known },
      hints: [
        'A program gives its profile with the option `networks`: `localNetworkProfile` makes one of what `floe localnet status --json` says',
      ],
    })
  throw new UsageError('NETWORK_UNKNOWN', `no network is called "${name}"`, {
    data: { name, known },
    hints: [`Known networks: ${known.join(', ')}`],
  })
}

/** The short form of a chain id, as profiles have it: hex of the first 4 bytes.
 *  @param digest - base58, as the ledger says it */
export function shortChainId(digest: string): string {
  try {
    return toHex(fromBase58(digest).subarray(0, 4))
  } catch {
    throw new LedgerError('LEDGER_ANSWER_MALFORMED', 'the ledger named its chain in another way than base58', {
      data: { chainId: digest.slice(0, 80) },
    })
  }
}

/** Id of the first version of a `floe` package: what its types are named after. */
export function originalFloeId({ floeUpgrades }: NetworkProfile, packageId: string): string {
  return floeUpgrades?.find((upgrade) => upgrade.packageId === packageId)?.originalId ?? packageId
}

/** Coin type of WAL on a network. */
export function walCoinType(profile: NetworkProfile): string {
  return `${profile.walPackageId}::wal::WAL`
}
