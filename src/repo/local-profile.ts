/** The network profile of a running local network. */

import type { NetworkProfile } from '../ledger/networks.ts'

/** What the profile needs of `LocalNetworkInfo` (`floe/localnet`); that side of the wire is not imported here. */
export interface LocalNetworkIds {
  rpcUrl: string
  faucetUrl: string
  systemObjectId: string
  stakingObjectId: string
  walPackageId: string
  floePackageId: string
}

export function localNetworkProfile(ids: LocalNetworkIds): NetworkProfile {
  return {
    name: 'local',
    rpcUrl: ids.rpcUrl,
    faucetUrl: ids.faucetUrl,
    systemObjectId: ids.systemObjectId,
    stakingObjectId: ids.stakingObjectId,
    walPackageId: ids.walPackageId,
    floePackageIds: [ids.floePackageId],
    nodeScheme: 'http',
    local: true,
  }
}
