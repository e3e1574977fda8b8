/** BLS12-381 signatures, min-pk variant: public keys in G1 (48 bytes compressed, 96 uncompressed), signatures in G2.
 *  @see draft-irtf-cfrg-bls-signature-05, ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_ */

import { bls12_381 } from '@noble/curves/bls12-381.js'

const bls = bls12_381.longSignatures

/** Domain separation tag of the ciphersuite Walrus and Sui use. */
export const BLS_DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_'

/** Public key of a 32-byte secret: 48 bytes compressed. */
export function blsPublicKey(secret: Uint8Array): Uint8Array {
  return bls.getPublicKey(secret).toBytes(true)
}

/** The 96-byte uncompressed form (x ‖ y, big-endian) that the chain stores.
 *  @throws {Error} if the key is not a point of the subgroup */
export function blsUncompressedPublicKey(publicKey: Uint8Array): Uint8Array {
  return bls12_381.G1.Point.fromBytes(publicKey).toBytes(false)
}

/** Signature over the message: 96 bytes compressed. */
export function blsSign(message: Uint8Array, secret: Uint8Array): Uint8Array {
  return bls.sign(bls.hash(message, BLS_DST), secret).toBytes(true)
}

/** True if the signature is valid for the message under the key (either encoding). Malformed input is false. */
export function blsVerify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    const key = bls12_381.G1.Point.fromBytes(publicKey)
    key.assertValidity()
    return bls.verify(signature, bls.hash(message, BLS_DST), key)
  } catch {
    return false
  }
}

/** Sum of signatures, for one message signed by several keys: 96 bytes.
 *  Rogue keys are excluded by the proofs of possession that the chain demands. */
export function blsAggregateSignatures(signatures: readonly Uint8Array[]): Uint8Array {
  return bls.aggregateSignatures(signatures.map((bytes) => bls12_381.G2.Point.fromBytes(bytes))).toBytes(true)
}

/** Sum of public keys: 48 bytes compressed. */
export function blsAggregatePublicKeys(publicKeys: readonly Uint8Array[]): Uint8Array {
  return bls.aggregatePublicKeys(publicKeys.map((bytes) => bls12_381.G1.Point.fromBytes(bytes))).toBytes(true)
}
