/** The network profile of a running local network. */

import { type NetworkProfile, shortChainId } from '../ledger/networks.ts'

/** What the profile needs of `LocalNetworkInfo` (`floe/localnet`); that side of the wire is not imported here. */
export interface LocalNetworkIds {
  /** Base58. */
  chainId: string
  rpcUrl: string
  faucetUrl: string
  systemObjectId: string
  stakingObjectId: string
  walPackageId: string
  floePackageId: string
  exchangeObjectId?: string | undefined
}

export function localNetworkProfile(ids: LocalNetworkIds): NetworkProfile {
  return {
    name: 'local',
    chainId: shortChainId(ids.chainId),
    rpcUrl: ids.rpcUrl,
    faucetUrl: ids.faucetUrl,
    systemObjectId: ids.systemObjectId,
    stakingObjectId: ids.stakingObjectId,
    walPackageId: ids.walPackageId,
    floePackageIds: [ids.floePackageId],
    ...(ids.exchangeObjectId === undefined ? {} : { exchangeObjectIds: [ids.exchangeObjectId] }),
    nodeScheme: 'http',
    local: true,
  }
}
