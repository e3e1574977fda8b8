/** Native functions that verify signatures and recover keys, and keyed hashes. Malformed input to a verification is
 *  `false`, as on the chain. */

import { bls12_381 } from '@noble/curves/bls12-381.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256, sha3_256 } from '@noble/hashes/sha3.js'
import { concatBytes } from '../../base/bytes.ts'
import { blsVerify } from '../../crypto/bls.ts'
import { nativeAbort } from './errors.ts'
import type { NativeCall, NativeFunction } from './machine.ts'
import { nativesOf, referencedBytes } from './natives.ts'
import { DST_G1, GROUP_NATIVES, PAIRING_COST } from './natives-groups.ts'
import { SUI_FRAMEWORK_ADDRESS } from './types.ts'
import { ByteVector, type Value } from './values.ts'

function verifyMinPk({ machine, args: [signature, publicKey, message] }: NativeCall<unknown>): boolean {
  machine.charge(PAIRING_COST)
  const [signed, key, content] = [signature, publicKey, message].map(referencedBytes) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  if (key.length !== 48 || signed.length !== 96) return false
  return blsVerify(signed, content, key)
}

function verifyMinSig({ machine, args: [signature, publicKey, message] }: NativeCall<unknown>): boolean {
  machine.charge(PAIRING_COST)
  const bls = bls12_381.shortSignatures
  try {
    const key = bls12_381.G2.Point.fromBytes(referencedBytes(publicKey))
    key.assertValidity()
    return bls.verify(referencedBytes(signature), bls.hash(referencedBytes(message), DST_G1), key)
  } catch {
    return false
  }
}

function verifyEd25519({ machine, args: [signature, publicKey, message] }: NativeCall<unknown>): boolean {
  machine.charge(PAIRING_COST / 4)
  try {
    return ed25519.verify(referencedBytes(signature), referencedBytes(message), referencedBytes(publicKey))
  } catch {
    return false
  }
}

/** Abort codes of `ecdsa_k1` and `ecdsa_r1`. */
const EFailToRecoverPubKey = 0
const EInvalidSignature = 1
const EInvalidPubKey = 2

type Curve = typeof secp256k1

/** The message hashed as its number says.
 *  @returns nothing for another number */
function hashed(message: Uint8Array, hash: Value | undefined): Uint8Array | undefined {
  if (hash === 0) return keccak_256(message)
  return hash === 1 ? sha256(message) : undefined
}

/** ECDSA over r and s; the higher of the two values of s that fit is refused. */
function verifyEcdsa(
  curve: Curve,
  { machine, args: [signature, publicKey, message, hash] }: NativeCall<unknown>,
): boolean {
  machine.charge(PAIRING_COST / 4)
  const digest = hashed(referencedBytes(message), hash)
  const [signed, key] = [referencedBytes(signature), referencedBytes(publicKey)]
  if (!digest || signed.length !== 64 || key.length !== 33) return false
  try {
    return curve.verify(signed, digest, key, { prehash: false, lowS: true })
  } catch {
    return false
  }
}

/** The compressed key that a signature of r, s and the recovery number is from. */
function recoverEcdsa(curve: Curve, { machine, args: [signature, message, hash] }: NativeCall<unknown>): ByteVector {
  machine.charge(PAIRING_COST / 4)
  const signed = referencedBytes(signature)
  const recovery = signed[64]
  if (signed.length !== 65 || recovery === undefined || recovery > 3) throw nativeAbort(EInvalidSignature)
  const digest = hashed(referencedBytes(message), hash)
  if (!digest) throw nativeAbort(EFailToRecoverPubKey)
  try {
    const recovered = concatBytes(Uint8Array.of(recovery), signed.subarray(0, 64))
    return new ByteVector(curve.recoverPublicKey(recovered, digest, { prehash: false }).slice())
  } catch {
    throw nativeAbort(EFailToRecoverPubKey)
  }
}

function decompressKey({ machine, args: [publicKey] }: NativeCall<unknown>): ByteVector {
  machine.charge(PAIRING_COST / 4)
  const bytes = referencedBytes(publicKey)
  if (bytes.length !== 33) throw nativeAbort(EInvalidPubKey)
  try {
    return new ByteVector(secp256k1.Point.fromBytes(bytes).toBytes(false).slice())
  } catch {
    throw nativeAbort(EInvalidPubKey)
  }
}

function keyedHash({ machine, args: [key, message] }: NativeCall<unknown>): ByteVector {
  const bytes = referencedBytes(message)
  machine.chargeBytes(bytes.length)
  return new ByteVector(hmac(sha3_256, referencedBytes(key), bytes))
}

const natives = {
  ...GROUP_NATIVES,
  'bls12381::bls12381_min_pk_verify': verifyMinPk,
  'bls12381::bls12381_min_sig_verify': verifyMinSig,
  'ed25519::ed25519_verify': verifyEd25519,
  'ecdsa_k1::secp256k1_verify': (call) => verifyEcdsa(secp256k1, call),
  'ecdsa_k1::secp256k1_ecrecover': (call) => recoverEcdsa(secp256k1, call),
  'ecdsa_k1::decompress_pubkey': decompressKey,
  'ecdsa_r1::secp256r1_verify': (call) => verifyEcdsa(p256, call),
  'ecdsa_r1::secp256r1_ecrecover': (call) => recoverEcdsa(p256, call),
  'hmac::hmac_sha3_256': keyedHash,
} satisfies Record<string, NativeFunction<unknown>>

export const CRYPTO_NATIVES: readonly [string, NativeFunction<unknown>][] = nativesOf<unknown>(
  SUI_FRAMEWORK_ADDRESS,
  natives,
)
