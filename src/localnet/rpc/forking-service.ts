/** `sui.forking.v1alpha.ForkingService`: the official client's controls for local networks, here for time. */

import type { Chain } from '../ledger/chain.ts'
import { CLOCK_ID } from '../ledger/clock-object.ts'
import { ZERO_DIGEST } from '../ledger/object.ts'
import type { Handlers, Unary } from './dispatch.ts'
import type { Proto } from './messages.ts'

export function forkingService(chain: Chain): Handlers {
  const advanceClock: Unary<Proto.AdvanceClockRequest, Proto.AdvanceClockResponse> = ({ durationMs = 1n }) => {
    chain.advanceClock(Number(durationMs))
    const clock = chain.state.getObject(CLOCK_ID)
    return { timestampMs: BigInt(chain.nowMs()), txDigest: clock?.previousTransaction ?? ZERO_DIGEST }
  }

  // Every transaction is a checkpoint of its own, so there is never anything left to seal.
  const advanceCheckpoint: Unary<Proto.AdvanceCheckpointRequest, Proto.AdvanceCheckpointResponse> = () => ({
    checkpointSequenceNumber: chain.state.checkpoint,
    timestampMs: BigInt(chain.nowMs()),
  })

  const getStatus: Unary<Proto.GetStatusRequest, Proto.GetStatusResponse> = () => ({
    epoch: chain.state.status.epoch,
    checkpointSequenceNumber: chain.state.checkpoint,
    timestampMs: BigInt(chain.nowMs()),
    forkedAtCheckpoint: 0n,
  })

  return { AdvanceClock: advanceClock, AdvanceCheckpoint: advanceCheckpoint, GetStatus: getStatus }
}
