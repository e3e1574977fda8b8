/** Coins for who pushes to a local network. */

import { fetchFaucetCoins } from '../ledger/faucet.ts'
import type { LedgerSigner } from '../ledger/keystore.ts'
import { walCoinType } from '../ledger/networks.ts'
import type { RemoteContext } from './remote-context.ts'

/** On a local network coins are worth nothing: a key that has too few gets some. */
export async function ensureLocalFunds(context: RemoteContext, signer: LedgerSigner, frost: bigint): Promise<void> {
  const { profile, ledger } = context
  if (!profile.local || !profile.faucetUrl) return
  let [sui, wal] = await Promise.all([
    ledger.fetchBalance(signer.address, '0x2::sui::SUI'),
    ledger.fetchBalance(signer.address, walCoinType(profile)),
  ])
  for (let round = 0; round < MAX_FAUCET_ROUNDS && (sui < LOW_SUI_MIST || wal < frost); round++) {
    const got = await fetchFaucetCoins(profile.faucetUrl, signer.address)
    sui += got.suiMist
    wal += got.walFrost
  }
}

const LOW_SUI_MIST = 5_000_000_000n
const MAX_FAUCET_ROUNDS = 20
