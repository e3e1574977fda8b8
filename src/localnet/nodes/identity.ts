/** BLS keys of the nodes, derived from the network's seed. */

import { concatBytes, toHex, utf8 } from '../../base/bytes.ts'
import { blsPublicKey } from '../../crypto/bls.ts'
import { sha256 } from '../../crypto/hash.ts'
import type { SignedConfirmation } from '../../protocol/certificate.ts'
import { encodeMessage, type StorageMessage } from '../../protocol/messages.ts'
import { signFast } from './signing.ts'

export interface NodeIdentity {
  readonly name: string
  /** 48 bytes. */
  readonly publicKey: Uint8Array
  /** TLS key of the committee record: the form of a compressed secp256r1 point. No TLS is spoken here. */
  readonly networkPublicKey: Uint8Array
  sign(message: StorageMessage): SignedConfirmation
}

/** Clients ask again, for instance when they resume: the last answers are kept. */
const MAX_KEPT_SIGNATURES = 256

/** @param seed - 32 secret bytes of the network */
export function createNodeIdentity(seed: Uint8Array, index: number): NodeIdentity {
  const secret = derive(seed, 'bls', index)
  // 128 bits: half the work of a signature, and still out of reach for whoever does not read the seed anyway.
  secret.fill(0, 0, 16)
  const secretNumber = BigInt(`0x${toHex(secret)}`)
  const networkPublicKey = concatBytes(Uint8Array.of(2), derive(seed, 'tls', index))
  const kept = new Map<string, SignedConfirmation>()
  return {
    name: `node-${index}`,
    publicKey: blsPublicKey(secret),
    networkPublicKey,
    sign(message) {
      const bytes = encodeMessage(message)
      const key = Buffer.from(bytes).toString('latin1')
      let signed = kept.get(key)
      if (!signed) {
        signed = { message: bytes, signature: signFast(bytes, secretNumber) }
        kept.set(key, signed)
        if (kept.size > MAX_KEPT_SIGNATURES) kept.delete(kept.keys().next().value!)
      }
      return signed
    },
  }
}

function derive(seed: Uint8Array, use: string, index: number): Uint8Array {
  return Uint8Array.from(sha256(concatBytes(utf8(`floe.localnet.${use}\0${index}\0`), seed)))
}
