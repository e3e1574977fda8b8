/** Name and keys of one node, derived from the network's seed. */

import { concatBytes, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../crypto/hash.ts'
import type { SignedConfirmation } from '../../protocol/certificate.ts'
import { encodeMessage, type StorageMessage } from '../../protocol/messages.ts'
import type { NetworkSigner } from './signing.ts'

export interface NodeIdentity {
  readonly name: string
  /** 48 bytes. */
  readonly publicKey: Uint8Array
  /** TLS key of the committee record: the form of a compressed secp256r1 point. No TLS is spoken here. */
  readonly networkPublicKey: Uint8Array
  sign(message: StorageMessage): SignedConfirmation
}

export function createNodeIdentity(signer: NetworkSigner, index: number): NodeIdentity {
  const publicKey = signer.publicKey(index)
  const networkKey = sha256(concatBytes(utf8('floe.localnet.tls\0'), publicKey))
  return {
    name: `node-${index}`,
    publicKey,
    networkPublicKey: concatBytes(Uint8Array.of(2), networkKey),
    sign(message) {
      const bytes = encodeMessage(message)
      return { message: bytes, signature: signer.sign(bytes, index) }
    },
  }
}
