/** Storage confirmations, blob status and health. */

import { toHex } from '../../base/bytes.ts'
import { type BlobId, blobIdText } from '../../protocol/blob-id.ts'
import { confirmationData } from '../../protocol/envelope.ts'
import type { BlobPersistence } from '../../protocol/messages.ts'
import { type BlobStatus, blobStatusData } from '../../protocol/status.ts'
import { type Answer, answerData } from './answer.ts'
import { assertRegistered, liveRegistrations, type NodeContext, ownPairs } from './node-context.ts'
import { NodeRefusal } from './refusal.ts'

/** Signs that this node stores all it has to of a registered blob, in the current epoch. */
export async function getConfirmation(
  node: NodeContext,
  blobId: BlobId,
  persistence: BlobPersistence,
): Promise<Answer> {
  assertRegistered(node, blobId)
  const objectId = persistence.$kind === 'deletable' ? `0x${toHex(persistence.objectId)}` : undefined
  const registered = liveRegistrations(node, blobId).some((registration) =>
    objectId === undefined ? !registration.deletable : registration.deletable && registration.objectId === objectId,
  )
  if (!registered)
    throw new NodeRefusal('NOT_REGISTERED', `the blob has no ${persistence.$kind} registration like this`)

  const stored = await node.store.find(blobId)
  const missing = ownPairs(node, blobId).filter(
    (pair) => !stored?.file.has('primary', pair) || !stored.file.has('secondary', pair),
  )
  if (!stored || missing.length > 0)
    throw new NodeRefusal('MISSING_SLIVERS', `${missing.length} sliver pairs of this node are not complete`)
  if (node.sync) await stored.file.sync()
  // The epoch is read after the wait: it may have moved meanwhile.
  const signed = node.sign({ $kind: 'blob-certificate', epoch: node.source.epoch, blobId, persistence })
  return answerData(confirmationData(signed))
}

/** What the chain says of a blob, as this node knows it. An unknown blob is a status, not an error. */
export function getBlobStatus(node: NodeContext, blobId: BlobId): Answer {
  return answerData(blobStatusData(blobStatus(node, blobId)))
}

function blobStatus(node: NodeContext, blobId: BlobId): BlobStatus {
  const event = node.source.invalidated(blobIdText(blobId))
  if (event) return { $kind: 'invalid', event }
  const registrations = liveRegistrations(node, blobId)
  if (registrations.length === 0) return { $kind: 'nonexistent' }
  const deletable = registrations.filter((registration) => registration.deletable)
  const deletableCounts = {
    total: deletable.length,
    certified: deletable.filter((registration) => registration.certifiedEpoch !== null).length,
  }
  const certified = registrations.flatMap(({ certifiedEpoch }) => (certifiedEpoch === null ? [] : [certifiedEpoch]))
  const initialCertifiedEpoch = certified.length > 0 ? Math.min(...certified) : null
  const best = registrations
    .filter((registration) => !registration.deletable)
    .sort((a, b) => Number(b.certifiedEpoch !== null) - Number(a.certifiedEpoch !== null) || b.endEpoch - a.endEpoch)[0]
  if (!best) return { $kind: 'deletable', initialCertifiedEpoch, deletableCounts }
  return {
    $kind: 'permanent',
    endEpoch: best.endEpoch,
    isCertified: best.certifiedEpoch !== null,
    statusEvent: best.event,
    deletableCounts,
    initialCertifiedEpoch,
  }
}

export function getHealth(node: NodeContext, detailed: boolean): Answer {
  const owned = [...node.shards].sort((a, b) => a - b)
  const uptimeMs = node.uptimeMs()
  return answerData({
    uptime: { secs: Math.floor(uptimeMs / 1000), nanos: Math.floor(uptimeMs % 1000) * 1_000_000 },
    epoch: node.source.epoch,
    publicKey: Buffer.from(node.publicKey).toString('base64'),
    nodeStatus: 'Active',
    eventProgress: { persisted: node.source.eventCount, pending: 0 },
    shardSummary: {
      owned: owned.length,
      ownedShardStatus: { unknown: 0, ready: owned.length, inTransfer: 0, inRecovery: 0 },
      readOnly: 0,
    },
    ...(detailed ? { shardDetail: { owned: owned.map((shard) => ({ shard, status: 'ready' })), other: [] } } : {}),
  })
}
