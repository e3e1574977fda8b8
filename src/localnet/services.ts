/** The two services for thin clients beside a network: an upload relay and an aggregator, on ports that stay. */

import type { ErasureCoder } from '../erasure/api.ts'
import { startAggregator } from './aggregator/aggregator.ts'
import type { LocalNetworkInfo } from './info.ts'
import { type LocalService, startUploadRelay } from './relay/upload-relay.ts'

export interface LocalServices {
  readonly relayUrl: string
  readonly aggregatorUrl: string
  readonly ports: { relay: number; aggregator: number }
  close(): Promise<void>
}

/** @param ports - wanted; another is taken for one that is not free */
export async function startServices(
  network: () => LocalNetworkInfo,
  coder: ErasureCoder,
  ports: { relay?: number | undefined; aggregator?: number | undefined },
): Promise<LocalServices> {
  const relay = await onPort(ports.relay, (port) => startUploadRelay({ network, coder, port }))
  const aggregator = await onPort(ports.aggregator, (port) => startAggregator({ network, coder, port })).catch(
    async (error: unknown) => {
      await relay.close()
      throw error
    },
  )
  return {
    relayUrl: relay.url,
    aggregatorUrl: aggregator.url,
    ports: { relay: portOf(relay), aggregator: portOf(aggregator) },
    async close() {
      await relay.close()
      await aggregator.close()
    },
  }
}

async function onPort(wanted = 0, start: (port: number) => Promise<LocalService>): Promise<LocalService> {
  try {
    return await start(wanted)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (wanted === 0 || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error
    return start(0)
  }
}

function portOf(service: LocalService): number {
  return Number(new URL(service.url).port)
}
