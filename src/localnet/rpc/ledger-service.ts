/** `sui.rpc.v2.LedgerService`: objects, transactions, checkpoints, epochs, and lists of what happened. */

import type { Chain } from '../ledger/chain.ts'
import { invalidArgument, LedgerError, notFound } from '../ledger/errors.ts'
import type { LedgerObject } from '../ledger/object.ts'
import type { TransactionRecord } from '../ledger/record.ts'
import { normalizeAddress } from '../movevm/types.ts'
import { checkpointByDigest, checkpointMessage } from './checkpoint-message.ts'
import type { Handlers, Streaming, Unary } from './dispatch.ts'
import { epochMessage } from './epoch-message.ts'
import { eventMessage, executedMessage } from './executed-message.ts'
import { FieldMask } from './field-mask.ts'
import { Proto, statusMessage, timestamp } from './messages.ts'
import { objectMessage } from './object-message.ts'
import { listFrames } from './paging.ts'
import { createEventFilter, createTransactionFilter } from './query-filter.ts'

const OBJECT_DEFAULTS = ['object_id', 'version', 'digest']
/** Requests in one batch; the official client sends 50. */
const MAX_BATCH = 1000

export function ledgerService(chain: Chain): Handlers {
  const { state } = chain
  const object = (request: Proto.GetObjectRequest, mask: FieldMask): Proto.Object =>
    objectMessage(findObject(chain, request), mask, state)
  const transaction = (digest: string | undefined, mask: FieldMask) =>
    executedMessage(findTransaction(chain, digest), mask, state)

  const getServiceInfo: Unary<Proto.GetServiceInfoRequest, Proto.GetServiceInfoResponse> = () => ({
    chainId: chain.chainId,
    chain: 'localnet',
    epoch: state.status.epoch,
    checkpointHeight: state.checkpoint,
    timestamp: timestamp(state.transactions.at(-1)?.timestampMs ?? state.header?.genesisMs ?? 0),
    lowestAvailableCheckpoint: 0n,
    lowestAvailableCheckpointObjects: 0n,
    server: 'floe-localnet',
  })

  const getObject: Unary<Proto.GetObjectRequest, Proto.GetObjectResponse> = (request) => ({
    object: object(request, FieldMask.parse(Proto.Object, request.readMask, OBJECT_DEFAULTS)),
  })

  const batchGetObjects: Unary<Proto.BatchGetObjectsRequest, Proto.BatchGetObjectsResponse> = (request) => {
    checkBatch(request.requests.length)
    const mask = FieldMask.parse(Proto.Object, request.readMask, OBJECT_DEFAULTS)
    return {
      objects: request.requests.map((item) => ({
        result: orStatus(
          () => ({ oneofKind: 'object' as const, object: object(item, mask) }),
          (error) => ({ oneofKind: 'error' as const, error }),
        ),
      })),
    }
  }

  const getTransaction: Unary<Proto.GetTransactionRequest, Proto.GetTransactionResponse> = (request) => ({
    transaction: transaction(request.digest, FieldMask.parse(Proto.ExecutedTransaction, request.readMask, ['digest'])),
  })

  const batchGetTransactions: Unary<Proto.BatchGetTransactionsRequest, Proto.BatchGetTransactionsResponse> = (
    request,
  ) => {
    checkBatch(request.digests.length)
    const mask = FieldMask.parse(Proto.ExecutedTransaction, request.readMask, ['digest'])
    return {
      transactions: request.digests.map((digest) => ({
        result: orStatus(
          () => ({ oneofKind: 'transaction' as const, transaction: transaction(digest, mask) }),
          (error) => ({ oneofKind: 'error' as const, error }),
        ),
      })),
    }
  }

  const getCheckpoint: Unary<Proto.GetCheckpointRequest, Proto.GetCheckpointResponse> = (request) => {
    const mask = FieldMask.parse(Proto.Checkpoint, request.readMask, ['sequence_number', 'digest'])
    const { checkpointId: id } = request
    const sequenceNumber =
      id.oneofKind === 'sequenceNumber'
        ? id.sequenceNumber
        : id.oneofKind === 'digest'
          ? checkpointByDigest(chain, id.digest)
          : state.checkpoint
    return { checkpoint: checkpointMessage(chain, sequenceNumber, mask) }
  }

  const getEpoch: Unary<Proto.GetEpochRequest, Proto.GetEpochResponse> = (request) => {
    if (request.epoch !== undefined && request.epoch !== state.status.epoch) {
      throw notFound(`Epoch ${request.epoch} not found`)
    }
    return { epoch: epochMessage(chain, FieldMask.parse(Proto.Epoch, request.readMask, ['epoch'])) }
  }

  const listTransactions: Streaming<Proto.ListTransactionsRequest, Proto.ListTransactionsResponse> = function* (
    request,
  ) {
    const mask = FieldMask.parse(Proto.ExecutedTransaction, request.readMask, ['digest'])
    for (const { item, watermark, end } of listFrames(transactionList(chain, request), request.options)) {
      yield { transaction: item && executedMessage(item, mask, state), watermark, end }
    }
  }

  const listCheckpoints: Streaming<Proto.ListCheckpointsRequest, Proto.ListCheckpointsResponse> = function* (request) {
    const mask = FieldMask.parse(Proto.Checkpoint, request.readMask, ['sequence_number', 'digest'])
    for (const { item, watermark, end } of listFrames(transactionList(chain, request), request.options)) {
      yield { checkpoint: item && checkpointMessage(chain, item.checkpoint, mask), watermark, end }
    }
  }

  const listEvents: Streaming<Proto.ListEventsRequest, Proto.ListEventsResponse> = function* (request) {
    const mask = FieldMask.parse(Proto.Event, request.readMask, ['event_type'])
    const list = {
      items: state.events,
      matches: createEventFilter(request.filter),
      checkpoint: (event: (typeof state.events)[number]) => event.transaction.checkpoint,
      fromCheckpoint: request.startCheckpoint,
      toCheckpoint: request.endCheckpoint,
    }
    for (const { item, watermark, end } of listFrames(list, request.options)) {
      const place = item && {
        checkpoint: item.transaction.checkpoint,
        digest: item.transaction.digest,
        index: item.index,
      }
      yield { event: item && eventMessage(item, mask, state, place), watermark, end }
    }
  }

  return {
    GetServiceInfo: getServiceInfo,
    GetObject: getObject,
    BatchGetObjects: batchGetObjects,
    GetTransaction: getTransaction,
    BatchGetTransactions: batchGetTransactions,
    GetCheckpoint: getCheckpoint,
    GetEpoch: getEpoch,
    ListTransactions: listTransactions,
    ListCheckpoints: listCheckpoints,
    ListEvents: listEvents,
  }
}

function transactionList(
  chain: Chain,
  request: { filter?: Proto.TransactionFilter; startCheckpoint?: bigint; endCheckpoint?: bigint },
) {
  const filter = createTransactionFilter(request.filter)
  return {
    items: chain.state.transactions,
    candidates: filter.candidates(chain.state),
    matches: filter.matches,
    checkpoint: (record: TransactionRecord) => record.checkpoint,
    fromCheckpoint: request.startCheckpoint,
    toCheckpoint: request.endCheckpoint,
  }
}

function findObject(chain: Chain, request: Proto.GetObjectRequest): LedgerObject {
  if (!request.objectId) throw invalidArgument('missing object_id')
  const id = normalizeAddress(request.objectId)
  const object = request.version === undefined ? chain.state.getObject(id) : chain.state.getVersion(id, request.version)
  if (object) return object
  throw notFound(`Object ${id}${request.version === undefined ? '' : ` with version ${request.version}`} not found`)
}

function findTransaction(chain: Chain, digest: string | undefined): TransactionRecord {
  if (!digest) throw invalidArgument('missing digest')
  const record = chain.state.getTransaction(digest)
  if (!record) throw notFound(`Transaction ${digest.slice(0, 64)} not found`)
  return record
}

function checkBatch(count: number): void {
  if (count > MAX_BATCH) throw invalidArgument(`more than ${MAX_BATCH} requests in a batch`)
}

/** Failures of one item of a batch are part of the answer. */
function orStatus<T, E>(make: () => T, onError: (status: ReturnType<typeof statusMessage>) => E): T | E {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    return onError(statusMessage(error.grpcStatus, error.message))
  }
}
