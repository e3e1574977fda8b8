/** The local network as `floe localnet up` and `status` print it. */

import { formatTable } from './text.ts'

export interface LocalnetInfo {
  rpcUrl: string
  faucetUrl: string
  controlUrl: string
  relayUrl?: string | undefined
  aggregatorUrl?: string | undefined
  systemObjectId: string
  floePackageId: string
  nodes: readonly { index: number; name: string; url: string; shards: readonly number[] | number; running?: boolean }[]
}

export function localnetLines(info: LocalnetInfo): string[] {
  return [
    ...formatTable([
      ['rpc', info.rpcUrl],
      ['faucet', info.faucetUrl],
      ['control', info.controlUrl],
      ...(info.relayUrl ? [['relay', `${info.relayUrl}  (floe push --relay URL)`]] : []),
      ...(info.aggregatorUrl ? [['aggregator', `${info.aggregatorUrl}  (floe clone --aggregator URL …)`]] : []),
      ['system', info.systemObjectId],
      ['floe package', info.floePackageId],
    ]),
    ...formatTable(
      info.nodes.map((node) => [
        `node ${node.index}`,
        node.url,
        `${typeof node.shards === 'number' ? node.shards : node.shards.length} shards`,
        node.running === false ? 'stopped' : '',
      ]),
    ),
    'One process on this machine: not a backup, and gone with `floe localnet reset`',
  ]
}
