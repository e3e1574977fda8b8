/** What a node says about a blob and a sliver: JSON shapes of `GET …/status` and `GET …/slivers/…/status`.
 *  Servers write camelCase except two inner counters; the published description shows snake_case: both are read. */

import { ProtocolError } from './errors.ts'

export type StoredStatus = 'stored' | 'buffered' | 'nonexistent'

export interface EventRef {
  /** base58 */
  readonly txDigest: string
  readonly eventSeq: string
}

export interface DeletableCounts {
  readonly total: number
  readonly certified: number
}

export type BlobStatus =
  | { readonly $kind: 'nonexistent' }
  | { readonly $kind: 'invalid'; readonly event: EventRef }
  | {
      readonly $kind: 'permanent'
      /** Exclusive. */
      readonly endEpoch: number
      readonly isCertified: boolean
      readonly statusEvent: EventRef
      readonly deletableCounts: DeletableCounts
      readonly initialCertifiedEpoch: number | null
    }
  | {
      readonly $kind: 'deletable'
      readonly initialCertifiedEpoch: number | null
      readonly deletableCounts: DeletableCounts
    }

function countsData(counts: DeletableCounts): Record<string, number> {
  return { count_deletable_total: counts.total, count_deletable_certified: counts.certified }
}

/** The `data` of the success envelope. */
export function blobStatusData(status: BlobStatus): unknown {
  switch (status.$kind) {
    case 'nonexistent':
      return 'nonexistent'
    case 'invalid':
      return { invalid: { event: status.event } }
    case 'permanent': {
      const { endEpoch, isCertified, statusEvent, initialCertifiedEpoch } = status
      const deletableCounts = countsData(status.deletableCounts)
      return { permanent: { endEpoch, isCertified, statusEvent, deletableCounts, initialCertifiedEpoch } }
    }
    case 'deletable': {
      const { initialCertifiedEpoch } = status
      return { deletable: { initialCertifiedEpoch, deletableCounts: countsData(status.deletableCounts) } }
    }
  }
}

type Fields = Record<string, unknown>

function refuse(what: string): ProtocolError {
  return new ProtocolError('PROTOCOL_ENVELOPE', `the answer is no blob status: ${what}`, { what })
}

function fields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(what)
  return value as Fields
}

function field(record: Fields, camel: string): unknown {
  return record[camel] ?? record[camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]
}

function epochOf(value: unknown, what: string): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 0xffffffff) throw refuse(what)
  return value as number
}

function countOf(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw refuse(what)
  return value as number
}

function eventOf(value: unknown): EventRef {
  const record = fields(value, 'event')
  const txDigest = field(record, 'txDigest')
  const eventSeq = field(record, 'eventSeq')
  if (typeof txDigest !== 'string' || txDigest.length > 64) throw refuse('txDigest')
  if (typeof eventSeq !== 'string' || !/^[0-9]{1,20}$/.test(eventSeq)) throw refuse('eventSeq')
  return { txDigest, eventSeq }
}

function countsOf(value: unknown): DeletableCounts {
  const record = fields(value, 'deletableCounts')
  return {
    total: countOf(record['count_deletable_total'] ?? record['countDeletableTotal'], 'count_deletable_total'),
    certified: countOf(
      record['count_deletable_certified'] ?? record['countDeletableCertified'],
      'count_deletable_certified',
    ),
  }
}

function certifiedEpochOf(record: Fields): number | null {
  const epoch = field(record, 'initialCertifiedEpoch') ?? null
  return epoch === null ? null : epochOf(epoch, 'initialCertifiedEpoch')
}

/** @throws {ProtocolError} PROTOCOL_ENVELOPE */
export function parseBlobStatusData(data: unknown): BlobStatus {
  if (data === 'nonexistent') return { $kind: 'nonexistent' }
  const outer = fields(data, 'variant')
  const names = Object.keys(outer)
  if (names.length !== 1) throw refuse('variant')
  const inner = fields(outer[names[0]!], names[0]!)
  switch (names[0]) {
    case 'invalid':
      return { $kind: 'invalid', event: eventOf(inner['event']) }
    case 'permanent': {
      const isCertified = field(inner, 'isCertified')
      if (typeof isCertified !== 'boolean') throw refuse('isCertified')
      return {
        $kind: 'permanent',
        endEpoch: epochOf(field(inner, 'endEpoch'), 'endEpoch'),
        isCertified,
        statusEvent: eventOf(field(inner, 'statusEvent')),
        deletableCounts: countsOf(field(inner, 'deletableCounts')),
        initialCertifiedEpoch: certifiedEpochOf(inner),
      }
    }
    case 'deletable':
      return {
        $kind: 'deletable',
        initialCertifiedEpoch: certifiedEpochOf(inner),
        deletableCounts: countsOf(field(inner, 'deletableCounts')),
      }
    default:
      throw refuse('variant')
  }
}

/** @throws {ProtocolError} PROTOCOL_ENVELOPE */
export function parseStoredStatusData(data: unknown): StoredStatus {
  if (data === 'stored' || data === 'buffered' || data === 'nonexistent') return data
  throw refuse('stored status')
}
