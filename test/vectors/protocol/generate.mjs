// Writes wire.json from the official packages: `node test/vectors/protocol/generate.mjs`.
import { writeFile } from 'node:fs/promises'
import { BlobEncoder, bls12381_min_pk_aggregate } from '@mysten/walrus-wasm'
import { blsPublicKey, blsSign, blsUncompressedPublicKey } from '../../../src/crypto/bls.ts'

const official = await import(new URL('../../../node_modules/@mysten/walrus/dist/utils/bcs.mjs', import.meta.url))
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const id = new Uint8Array(32).fill(7)
const idText = official.blobIdFromBytes(id)
const objectId = `0x${'2a'.repeat(32)}`

const encoder = new BlobEncoder(4)
const blob = Uint8Array.of(0, 1, 2, 3, 4)
const buffers = (bytes) => Array.from({ length: 4 }, () => new Uint8Array(bytes))
const [{ blob_id, metadata }] = encoder.encode(blob, buffers(11), buffers(9))
encoder.free()
const wire = { encoding_type: 'RS2', unencoded_length: metadata.V1.unencoded_length, hashes: metadata.V1.hashes }
const withId = { blobId: official.blobIdFromBytes(Uint8Array.from(blob_id)), metadata: { V1: wire } }

const message = (persistence) =>
  official.StorageConfirmation.serialize({
    intent: official.IntentType.BLOB_CERT_MSG,
    epoch: 21,
    messageContents: { blobId: idText, blobType: persistence },
  }).toBytes()
const permanent = message({ Permanent: null })
const secrets = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))
const signatures = secrets.map((secret) => blsSign(permanent, secret))

const vectors = {
  metadata: hex(official.BlobMetadata.serialize({ V1: wire }).toBytes()),
  metadataWithId: hex(official.BlobMetadataWithId.serialize(withId).toBytes()),
  sliver: hex(
    official.SliverData.serialize({
      symbols: { data: Uint8Array.of(0, 1, 2, 3, 4, 0), symbol_size: 2 },
      index: 0,
    }).toBytes(),
  ),
  blobIdText: idText,
  blobIdU256: official.blobIdToInt(idText).toString(),
  permanentMessage: hex(permanent),
  deletableMessage: hex(message({ Deletable: { objectId } })),
  publicKeys: secrets.map((secret) => hex(blsPublicKey(secret))),
  uncompressedPublicKeys: secrets.map((secret) => hex(blsUncompressedPublicKey(blsPublicKey(secret)))),
  signature: hex(signatures[0]),
  aggregate: hex(bls12381_min_pk_aggregate(signatures)),
}
await writeFile(new URL('wire.json', import.meta.url), `${JSON.stringify(vectors, null, 1)}\n`)
