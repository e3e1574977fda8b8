/** One conversation with a network: profile, ledger, signer and Walrus state, each made when first needed. */

import { createLedgerClient, type LedgerClient } from '../ledger/client.ts'
import { AuthError } from '../ledger/errors.ts'
import { type LedgerSigner, openOrGenerateSigner, openSigner } from '../ledger/keystore.ts'
import type { NetworkProfile } from '../ledger/networks.ts'
import { parseAddress } from '../ledger/object-id.ts'
import { createRepositoryReader, type RepositoryReader } from '../ledger/repository-state.ts'
import { fetchWalrusState, type WalrusState } from '../ledger/system-state.ts'
import { type Committee, createCommittee } from '../transfer/committee.ts'
import { readNetworkProfile } from './network-profiles.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openChosenSigner } from './wallet-choice.ts'

export interface RemoteContext {
  readonly profile: NetworkProfile
  readonly ledger: LedgerClient
  /** Reads the Walrus state, anew if asked. */
  walrus(options?: { fresh?: boolean }): Promise<WalrusState>
  /** The storage nodes of the current epoch. Failures are remembered for the whole conversation. */
  committee(): Promise<Committee>
  signer(): Promise<LedgerSigner>
  repository(repositoryId: string): RepositoryReader
}

/** Alias of the key that the local network gets made for it. */
export const LOCAL_KEY_ALIAS = 'local'

export async function openRemoteContext(network: string, options: RemoteOptions): Promise<RemoteContext> {
  const profile = await readNetworkProfile(options.homeDir, network, options.networks)
  const aborts = new Map<string, string>(profile.floePackageIds.map((id) => [parseAddress(id), 'floe']))
  for (const id of options.trustPackages ?? []) aborts.set(parseAddress(id), 'floe')
  aborts.set(parseAddress(profile.walPackageId), 'wal')
  const ledger = createLedgerClient(profile, { aborts, ...(options.fetch ? { fetch: options.fetch } : {}) })
  const signal = options.signal ? { signal: options.signal } : {}
  let walrus: Promise<WalrusState> | undefined
  let committee: Promise<Committee> | undefined
  let signer: Promise<LedgerSigner> | undefined
  const context: RemoteContext = {
    profile,
    ledger,
    walrus({ fresh = false } = {}) {
      if (fresh) {
        walrus = undefined
        committee = undefined
      }
      walrus ??= fetchWalrusState(ledger, profile, signal).then((state) => {
        aborts.set(state.packageId, 'walrus')
        aborts.set(state.originalPackageId, 'walrus')
        return state
      })
      return walrus
    },
    committee() {
      committee ??= context.walrus().then((state) =>
        createCommittee(state, {
          ...(options.fetch ? { fetch: options.fetch } : {}),
          onReport: (report) =>
            options.onProgress?.({
              $kind: 'node-failed',
              node: report.name,
              url: report.url,
              reason: report.lied ? `sent wrong bytes (${report.reason})` : report.reason,
            }),
        }),
      )
      return committee
    },
    signer() {
      signer ??= openKey(profile, options)
      return signer
    },
    repository: (repositoryId) =>
      createRepositoryReader(
        ledger,
        repositoryId,
        [...profile.floePackageIds, ...(options.trustPackages ?? [])],
        profile.floeUpgrades,
      ),
  }
  return context
}

/** The key asked for; on a local network, where coins are worth nothing, one of Floe's own; elsewhere the one chosen.
 *  @throws {AuthError} KEY_NOT_CHOSEN */
export async function openKey(
  profile: Pick<NetworkProfile, 'name' | 'local'>,
  options: Pick<RemoteOptions, 'homeDir' | 'key'>,
): Promise<LedgerSigner> {
  if (options.key) return openSigner(options.homeDir, options.key)
  if (profile.local) return openOrGenerateSigner(options.homeDir, LOCAL_KEY_ALIAS)
  const chosen = await openChosenSigner(options.homeDir)
  if (chosen) return chosen
  throw new AuthError('KEY_NOT_CHOSEN', `no key is chosen for network ${profile.name}`, {
    data: { network: profile.name },
    hints: [
      'Choose one with `floe key use ALIAS` or `floe key use --sui-cli`, or name one with --key or FLOE_KEY',
      '`floe key generate` makes a key, `floe key list` shows those there are',
    ],
  })
}

/** Whether the epoch of a committee has ended; if so, the context knows the new one. */
export async function hasEpochEnded({ state }: Committee, context: RemoteContext): Promise<boolean> {
  // Others may have asked already.
  if ((await context.walrus()).epoch !== state.epoch) return true
  return (await context.walrus({ fresh: true })).epoch !== state.epoch
}

/** What a reader goes on with whom the nodes of a committee give too little. */
export async function presentCommittee(stale: Committee, context: RemoteContext): Promise<Committee> {
  return (await hasEpochEnded(stale, context)) ? context.committee() : stale
}
