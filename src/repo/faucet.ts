/** Test coins from a network's faucet. */

import { UsageError } from '../base/errors.ts'
import { fetchFaucetCoins } from '../ledger/faucet.ts'
import { parseAddress } from '../ledger/object-id.ts'
import { openRemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'

export interface FaucetResult {
  address: string
  network: string
  suiMist: string
  walFrost: string
}

/** Asks for SUI, and for WAL where the faucet has it.
 *  @throws {UsageError} FAUCET_MISSING where there is none */
export async function requestFaucet(
  options: RemoteOptions & { network: string; address?: string | undefined },
): Promise<FaucetResult> {
  const context = await openRemoteContext(options.network, options)
  const { faucetUrl } = context.profile
  if (!faucetUrl)
    throw new UsageError('FAUCET_MISSING', `network ${options.network} has no faucet`, {
      data: { network: options.network },
      hints: ['Send coins to the address that `floe key show` prints'],
    })
  const address = options.address === undefined ? (await context.signer()).address : parseAddress(options.address)
  const got = await fetchFaucetCoins(faucetUrl, address, options)
  return { address, network: options.network, suiMist: String(got.suiMist), walFrost: String(got.walFrost) }
}
