/** Checkpoints. Here one transaction is one checkpoint, and there are no validators: the digest commits to chain, number
 *  and transaction, and nobody signs it. Checkpoint 0 is genesis; its digest is the chain identifier. */

import { fromBase58, toBase58 } from '@mysten/sui/utils'
import { concatBytes, utf8 } from '../../base/bytes.ts'
import { ByteWriter } from '../../codec/cursor.ts'
import { blake2b256 } from '../../crypto/hash.ts'
import type { Chain } from '../ledger/chain.ts'
import { notFound } from '../ledger/errors.ts'
import type { TransactionRecord } from '../ledger/record.ts'
import { executedMessage } from './executed-message.ts'
import type { FieldMask } from './field-mask.ts'
import { Proto, timestamp } from './messages.ts'

const SALT = utf8('floe::localnet::Checkpoint::')
/** The digest ends with the number (u64 big-endian), so that it leads back to the checkpoint. */
const NUMBER_BYTES = 8

export function checkpointDigest(chain: Chain, sequenceNumber: bigint): string {
  if (sequenceNumber === 0n) return chain.chainId
  const record = chain.state.transactions[Number(sequenceNumber) - 1]
  if (!record) throw notFound(`Checkpoint ${sequenceNumber} not found`)
  const number = new ByteWriter(NUMBER_BYTES).u64(sequenceNumber).finish().reverse()
  const hash = blake2b256(SALT, utf8(chain.chainId), number, utf8(record.digest), utf8(record.effectsDigest))
  return toBase58(concatBytes(hash.subarray(0, hash.length - NUMBER_BYTES), number))
}

/** Number of the checkpoint with this digest.
 *  @throws {LedgerError} LEDGER_NOT_FOUND */
export function checkpointByDigest(chain: Chain, digest: string): bigint {
  if (digest === chain.chainId) return 0n
  const missing = () => notFound(`Checkpoint ${digest.slice(0, 64)} not found`)
  let bytes: Uint8Array
  try {
    bytes = fromBase58(digest)
  } catch {
    throw missing()
  }
  if (bytes.length !== 32) throw missing()
  const number = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(32 - NUMBER_BYTES)
  if (number === 0n || number > chain.state.checkpoint || checkpointDigest(chain, number) !== digest) throw missing()
  return number
}

/** @throws {LedgerError} LEDGER_NOT_FOUND */
export function checkpointMessage(chain: Chain, sequenceNumber: bigint, mask: FieldMask): Proto.Checkpoint {
  if (sequenceNumber > chain.state.checkpoint) throw notFound(`Checkpoint ${sequenceNumber} not found`)
  const record: TransactionRecord | undefined = chain.state.transactions[Number(sequenceNumber) - 1]
  const digest = checkpointDigest(chain, sequenceNumber)
  const message = Proto.Checkpoint.create({ sequenceNumber, digest })
  if (mask.has('summary')) {
    message.summary = Proto.CheckpointSummary.create({
      digest,
      epoch: record?.epoch ?? 0n,
      sequenceNumber,
      totalNetworkTransactions: sequenceNumber,
      previousDigest: sequenceNumber === 0n ? undefined : checkpointDigest(chain, sequenceNumber - 1n),
      timestamp: timestamp(record?.timestampMs ?? chain.state.header?.genesisMs ?? 0),
    })
  }
  if (mask.has('transactions') && record)
    message.transactions = [executedMessage(record, mask.child('transactions'), chain.state)]
  return mask.apply(Proto.Checkpoint, message)
}
