/** Messages that storage nodes sign: `intent type u8 ‖ version u8 = 0 ‖ app id u8 = 3 ‖ epoch u32 LE ‖ body`.
 *  Layout: README.md §5. @see reference/walrus-protocol.md §10 */

import { equalBytes } from '../base/bytes.ts'
import { ByteReader, ByteWriter, CodecError } from '../codec/cursor.ts'
import type { BlobId } from './blob-id.ts'
import { parsing } from './errors.ts'
import { BLOB_ID_BYTES, OBJECT_ID_BYTES } from './limits.ts'

export const INTENT_TYPES = {
  proofOfPossession: 0,
  blobCertificate: 1,
  invalidBlobId: 2,
  syncShard: 3,
  denyListUpdate: 4,
  denyListBlobDeleted: 5,
  protocolVersion: 6,
} as const

const INTENT_VERSION = 0
const APP_ID_STORAGE = 3
const PUBLIC_KEY_BYTES = 48
const PERSISTENCE_PERMANENT = 0
const PERSISTENCE_DELETABLE = 1

/** How a blob is registered: until its end epoch, or removable by the owner of the blob object. */
export type BlobPersistence =
  | { readonly $kind: 'permanent' }
  | { readonly $kind: 'deletable'; readonly objectId: Uint8Array }

export type StorageMessage =
  | {
      readonly $kind: 'blob-certificate'
      readonly epoch: number
      readonly blobId: BlobId
      readonly persistence: BlobPersistence
    }
  | { readonly $kind: 'invalid-blob-id'; readonly epoch: number; readonly blobId: BlobId }
  | {
      readonly $kind: 'proof-of-possession'
      readonly epoch: number
      readonly address: Uint8Array
      readonly publicKey: Uint8Array
    }

function header(type: number, epoch: number): ByteWriter {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > 0xffffffff)
    throw new RangeError(`"epoch" expected a u32, got ${epoch}`)
  return new ByteWriter(96).u8(type).u8(INTENT_VERSION).u8(APP_ID_STORAGE).u32(epoch)
}

function fixed(name: string, bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`"${name}" expected ${length} bytes, got ${bytes.length}`)
  return bytes
}

/** The bytes a node signs: 40 for a permanent blob certificate, 72 for a deletable one. */
export function encodeMessage(message: StorageMessage): Uint8Array {
  switch (message.$kind) {
    case 'blob-certificate': {
      const writer = header(INTENT_TYPES.blobCertificate, message.epoch)
      writer.bytes(fixed('blobId', message.blobId, BLOB_ID_BYTES))
      if (message.persistence.$kind === 'permanent') return writer.u8(PERSISTENCE_PERMANENT).finish()
      const objectId = fixed('objectId', message.persistence.objectId, OBJECT_ID_BYTES)
      return writer.u8(PERSISTENCE_DELETABLE).bytes(objectId).finish()
    }
    case 'invalid-blob-id':
      return header(INTENT_TYPES.invalidBlobId, message.epoch)
        .bytes(fixed('blobId', message.blobId, BLOB_ID_BYTES))
        .finish()
    case 'proof-of-possession':
      return header(INTENT_TYPES.proofOfPossession, message.epoch)
        .bytes(fixed('address', message.address, OBJECT_ID_BYTES))
        .bytes(fixed('publicKey', message.publicKey, PUBLIC_KEY_BYTES))
        .finish()
  }
}

/** @throws {ProtocolError} PROTOCOL_MESSAGE for anything but the three kinds above, exactly encoded */
export function parseMessage(bytes: Uint8Array): StorageMessage {
  return parsing('PROTOCOL_MESSAGE', 'signed message', () => {
    const reader = new ByteReader(bytes)
    const type = reader.u8()
    const version = reader.u8()
    if (version !== INTENT_VERSION) throw new CodecError('unknown intent version', { version })
    const app = reader.u8()
    if (app !== APP_ID_STORAGE) throw new CodecError('message of another application', { app })
    const epoch = reader.u32()
    const message = readBody(reader, type, epoch)
    reader.end()
    return message
  })
}

function readBody(reader: ByteReader, type: number, epoch: number): StorageMessage {
  switch (type) {
    case INTENT_TYPES.blobCertificate:
      return {
        $kind: 'blob-certificate',
        epoch,
        blobId: reader.bytes(BLOB_ID_BYTES).slice(),
        persistence: readPersistence(reader),
      }
    case INTENT_TYPES.invalidBlobId:
      return { $kind: 'invalid-blob-id', epoch, blobId: reader.bytes(BLOB_ID_BYTES).slice() }
    case INTENT_TYPES.proofOfPossession:
      return {
        $kind: 'proof-of-possession',
        epoch,
        address: reader.bytes(OBJECT_ID_BYTES).slice(),
        publicKey: reader.bytes(PUBLIC_KEY_BYTES).slice(),
      }
    default:
      throw new CodecError('unknown intent type', { type })
  }
}

function readPersistence(reader: ByteReader): BlobPersistence {
  const variant = reader.uleb()
  if (variant === PERSISTENCE_PERMANENT) return { $kind: 'permanent' }
  if (variant === PERSISTENCE_DELETABLE) return { $kind: 'deletable', objectId: reader.bytes(OBJECT_ID_BYTES).slice() }
  throw new CodecError('unknown blob persistence', { variant })
}

export function equalPersistence(a: BlobPersistence, b: BlobPersistence): boolean {
  if (a.$kind === 'deletable' && b.$kind === 'deletable') return equalBytes(a.objectId, b.objectId)
  return a.$kind === b.$kind
}
