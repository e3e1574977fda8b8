/** Ed25519 signatures of transactions by OpenSSL, which is there and takes 0.1 ms; the SDK's JavaScript takes 50 ms until
 *  it is warm, and checks at every start whether a key can sign, which any 32 bytes can.
 *  @see RFC 8032 (Ed25519), RFC 8410 §7 (private keys in PKCS #8); Sui: intent messages and serialized signatures */

import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { blake2b } from '@noble/hashes/blake2.js'
import { concatBytes, toHex } from '../base/bytes.ts'
import { SECRET_KEY_BYTES } from './private-key.ts'

export interface Ed25519Signer {
  readonly address: string
  /** Flag and key: 33 bytes. */
  readonly publicKey: Uint8Array
  /** Serialized signature (base64) over BCS TransactionData. */
  signTransaction(bytes: Uint8Array): string
}

const FLAG = Uint8Array.of(0)
/** Scope TransactionData, version 0, application Sui. */
const TRANSACTION_INTENT = Uint8Array.of(0, 0, 0)
/** PKCS #8 up to the 32 bytes of the key. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

/** @param secretKey - 32 bytes, the seed of RFC 8032
 *  @throws {TypeError} if it has another length */
export function createEd25519Signer(secretKey: Uint8Array): Ed25519Signer {
  if (secretKey.length !== SECRET_KEY_BYTES) throw new TypeError(`"secretKey" expected ${SECRET_KEY_BYTES} bytes`)
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, secretKey]), format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  const publicKey = concatBytes(FLAG, Buffer.from(x!, 'base64url'))
  return {
    address: `0x${toHex(blake2b(publicKey, { dkLen: 32 }))}`,
    publicKey,
    signTransaction(bytes) {
      const digest = blake2b(concatBytes(TRANSACTION_INTENT, bytes), { dkLen: 32 })
      const signature = sign(null, digest, key)
      return Buffer.concat([FLAG, signature, publicKey.subarray(1)]).toString('base64')
    },
  }
}
