/** `sui.rpc.v2.SubscriptionService`: live streams. The first frame only tells where the stream begins; after it, every
 *  transaction committed since then is delivered, in order. */

import type { Chain } from '../ledger/chain.ts'
import { GRPC, LedgerError } from '../ledger/errors.ts'
import type { TransactionRecord } from '../ledger/record.ts'
import { checkpointMessage } from './checkpoint-message.ts'
import type { CallContext, Handlers, Streaming } from './dispatch.ts'
import { eventMessage, executedMessage } from './executed-message.ts'
import { FieldMask } from './field-mask.ts'
import { Proto } from './messages.ts'
import { encodeCursor } from './paging.ts'
import { createEventFilter, createTransactionFilter } from './query-filter.ts'

/** Transactions that a slow reader may lag behind before its stream ends. */
const MAX_BACKLOG = 10_000

/** Transactions from position `next` on, until the signal is aborted.
 *  @throws {LedgerError} LEDGER_STREAM_LAGGED */
async function* commits(chain: Chain, next: number, signal: AbortSignal): AsyncGenerator<TransactionRecord> {
  let wake = () => {}
  const stop = chain.onCommit(() => wake())
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      const { transactions } = chain.state
      if (transactions.length - next > MAX_BACKLOG) {
        throw new LedgerError('LEDGER_STREAM_LAGGED', GRPC.RESOURCE_EXHAUSTED, 'the reader of the stream is too slow')
      }
      if (next < transactions.length) yield transactions[next++]!
      else {
        await new Promise<void>((resolve) => {
          wake = resolve
          if (signal.aborted) resolve()
        })
      }
    }
  } finally {
    stop()
    signal.removeEventListener('abort', onAbort)
  }
}

export function subscriptionService(chain: Chain): Handlers {
  const { state } = chain

  const subscribeTransactions: Streaming<Proto.SubscribeTransactionsRequest, Proto.SubscribeTransactionsResponse> =
    async function* (request, { signal }: CallContext) {
      const mask = FieldMask.parse(Proto.ExecutedTransaction, request.readMask, ['digest'])
      const { matches } = createTransactionFilter(request.filter)
      const live = commits(chain, state.transactions.length, signal)
      yield { watermark: { cursor: encodeCursor(state.transactions.length - 1), checkpoint: state.checkpoint } }
      for await (const record of live) {
        if (!matches(record)) continue
        const cursor = encodeCursor(Number(record.checkpoint) - 1)
        yield {
          transaction: executedMessage(record, mask, state),
          watermark: { cursor, checkpoint: record.checkpoint },
        }
      }
    }

  const subscribeEvents: Streaming<Proto.SubscribeEventsRequest, Proto.SubscribeEventsResponse> = async function* (
    request,
    { signal },
  ) {
    const mask = FieldMask.parse(Proto.Event, request.readMask, ['event_type'])
    const matches = createEventFilter(request.filter)
    let rank = state.events.length - 1
    const live = commits(chain, state.transactions.length, signal)
    yield { watermark: { cursor: encodeCursor(rank), checkpoint: state.checkpoint } }
    for await (const record of live) {
      for (const [index, event] of record.events.entries()) {
        rank++
        if (!matches(event)) continue
        const place = { checkpoint: record.checkpoint, digest: record.digest, index }
        const watermark = { cursor: encodeCursor(rank), checkpoint: record.checkpoint }
        yield { event: eventMessage(event, mask, state, place), watermark }
      }
    }
  }

  const subscribeCheckpoints: Streaming<Proto.SubscribeCheckpointsRequest, Proto.SubscribeCheckpointsResponse> =
    async function* (request, { signal }) {
      const mask = FieldMask.parse(Proto.Checkpoint, request.readMask, ['sequence_number', 'digest'])
      const { matches } = createTransactionFilter(request.filter)
      const live = commits(chain, state.transactions.length, signal)
      yield { cursor: state.checkpoint }
      for await (const record of live) {
        if (!matches(record)) continue
        yield { cursor: record.checkpoint, checkpoint: checkpointMessage(chain, record.checkpoint, mask) }
      }
    }

  return {
    SubscribeTransactions: subscribeTransactions,
    SubscribeEvents: subscribeEvents,
    SubscribeCheckpoints: subscribeCheckpoints,
  }
}
