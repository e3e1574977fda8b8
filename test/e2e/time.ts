/** Time on a local network, for end-to-end tests. */

import { SuiGrpcClient } from '@mysten/sui/grpc'
import type { NetworkProfile } from '../../src/repo/remote-options.ts'

/** The official client, with its controls for local networks. */
export function createGrpcClient(profile: NetworkProfile): SuiGrpcClient {
  return new SuiGrpcClient({ network: 'localnet', baseUrl: profile.rpcUrl })
}
