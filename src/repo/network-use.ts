/** The network that new repositories go to when none is named. A setting of the person, not of a workspace. */

import { findNetwork } from '../ledger/networks.ts'
import { getGlobalConfig, setGlobalConfig } from './global-config.ts'
import { listNetworks } from './network-profiles.ts'

export const DEFAULT_NETWORK_KEY = 'network.default'
/** The one that needs no account and no money. */
export const FALLBACK_NETWORK = 'local'

/** Never a network that costs something, unless it was chosen. */
export function defaultNetwork(homeDir: string): string {
  return getGlobalConfig(homeDir, DEFAULT_NETWORK_KEY) ?? FALLBACK_NETWORK
}

/** @throws {UsageError} NETWORK_UNKNOWN */
export async function chooseNetwork(homeDir: string, name: string): Promise<{ network: string; before: string }> {
  if (name !== FALLBACK_NETWORK) findNetwork(name, await listNetworks(homeDir))
  const before = defaultNetwork(homeDir)
  await setGlobalConfig(homeDir, DEFAULT_NETWORK_KEY, name === FALLBACK_NETWORK ? undefined : name)
  return { network: name, before }
}
