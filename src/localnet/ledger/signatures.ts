/** User signatures of a transaction. */

import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { toBase64 } from '@mysten/sui/utils'
import { concatBytes, toHex } from '../../base/bytes.ts'
import { blake2b256 } from '../../crypto/hash.ts'
import { addressFromBytes, normalizeAddress } from '../movevm/types.ts'
import { invalidArgument } from './errors.ts'
import type { TransactionDataV1 } from './execution.ts'

/** Longest serialized signature: a multisig of ten members with passkeys stays below. */
const MAX_SIGNATURE_BYTES = 16 * 1024

/** Checks that exactly the sender and the gas owner (once, if they are the same) signed these bytes, in any order.
 *  @param signatures - serialized: flag ‖ signature ‖ public key
 *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT */
export async function checkSignatures(
  bytes: Uint8Array,
  data: TransactionDataV1,
  signatures: readonly Uint8Array[],
): Promise<void> {
  const required = new Set([normalizeAddress(data.sender), normalizeAddress(data.gasData.owner)])
  if (signatures.length !== required.size) {
    throw invalidArgument(`expected ${required.size} signature(s), got ${signatures.length}`)
  }
  for (const signature of signatures) {
    const address = await signerOf(bytes, signature)
    if (!required.delete(address)) {
      throw invalidArgument(`signed by ${address}, which is neither the sender nor the gas owner`)
    }
  }
}

const ED25519_FLAG = 0
const ED25519_BYTES = 1 + 64 + 32
/** Intent of transaction data: scope, version and app are all zero. */
const INTENT = new Uint8Array(3)

async function signerOf(bytes: Uint8Array, signature: Uint8Array): Promise<string> {
  if (signature.length > MAX_SIGNATURE_BYTES) throw invalidArgument('signature too long')
  if (signature[0] === ED25519_FLAG && signature.length === ED25519_BYTES) return ed25519Signer(bytes, signature)
  try {
    // Loaded on demand: it brings zkLogin along.
    const { verifyTransactionSignature } = await import('@mysten/sui/verify')
    const key = await verifyTransactionSignature(bytes, toBase64(signature))
    return normalizeAddress(key.toSuiAddress())
  } catch (cause) {
    throw invalidArgument(`invalid user signature: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

/** By the platform's own cryptography: what nearly every transaction is signed with took two thirds of its time when
 *  checked in JavaScript (0.1 ms instead of 1.5). */
function ed25519Signer(bytes: Uint8Array, signature: Uint8Array): string {
  const publicKey = signature.subarray(65)
  const key = ed25519Key(publicKey)
  const digest = blake2b256(INTENT, bytes)
  if (!key || !verify(null, digest, key, signature.subarray(1, 65))) {
    throw invalidArgument('invalid user signature: the signature is not valid for the transaction')
  }
  return addressFromBytes(blake2b256(Uint8Array.of(ED25519_FLAG), publicKey))
}

/** Keys by their hex: a workspace signs many transactions with one. */
const keys = new Map<string, KeyObject>()
const MAX_KEYS = 1024
/** DER of a SubjectPublicKeyInfo with an Ed25519 key, up to the key (RFC 8410). */
const SPKI_HEAD = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00)

function ed25519Key(publicKey: Uint8Array): KeyObject | undefined {
  const name = toHex(publicKey)
  let key = keys.get(name)
  if (!key) {
    try {
      key = createPublicKey({ key: Buffer.from(concatBytes(SPKI_HEAD, publicKey)), format: 'der', type: 'spki' })
    } catch {
      return undefined
    }
    if (keys.size >= MAX_KEYS) keys.clear()
    keys.set(name, key)
  }
  return key
}
