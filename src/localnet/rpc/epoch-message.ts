/** The current epoch, with as much of the system state as the official client reads. */

import type { Chain } from '../ledger/chain.ts'
import { MAX_GAS_BUDGET } from '../ledger/checks.ts'
import { MAX_TRANSACTION_BYTES } from '../ledger/transaction.ts'
import type { FieldMask } from './field-mask.ts'
import { Proto, timestamp } from './messages.ts'

/** Protocol that the gRPC types of the pinned client speak (its `x-sui-client-protocol-version` header). */
const PROTOCOL_VERSION = 138n

export function epochMessage(chain: Chain, mask: FieldMask): Proto.Epoch {
  const { status, header } = chain.state
  const message = Proto.Epoch.create({
    epoch: status.epoch,
    firstCheckpoint: status.epochFirstCheckpoint,
    start: timestamp(status.epochStartMs),
    referenceGasPrice: chain.referenceGasPrice,
  })
  if (mask.has('protocol_config')) {
    message.protocolConfig = {
      protocolVersion: PROTOCOL_VERSION,
      featureFlags: {},
      attributes: {
        max_tx_gas: String(MAX_GAS_BUDGET),
        max_tx_size_bytes: String(MAX_TRANSACTION_BYTES),
      },
      configs: {},
    }
  }
  if (mask.has('system_state')) {
    message.systemState = Proto.SystemState.create({
      version: 2n,
      epoch: status.epoch,
      protocolVersion: PROTOCOL_VERSION,
      referenceGasPrice: chain.referenceGasPrice,
      // The client takes `null` for a crash, not for "unknown".
      epochStartTimestampMs: BigInt(status.epochStartMs),
      safeMode: false,
      parameters: { epochDurationMs: BigInt(header?.epochDurationMs ?? 0) },
      storageFund: {},
      stakeSubsidy: {},
    })
  }
  return mask.apply(Proto.Epoch, message)
}
