/** The text form of a private key: `suiprivkey1…`, Bech32 of a scheme's flag and 32 bytes.
 *
 *  The SDK reads it as well, from a module that loads all it knows of signatures: 150 ms of processor time before the
 *  first byte of a push is on its way.
 *  @see SIP-15 */

import { bech32 } from '@scure/base'

export const SECRET_KEY_BYTES = 32
const PREFIX = 'suiprivkey'
/** Flags of the schemes, as in signatures and addresses. */
const SCHEMES: Readonly<Record<number, string>> = {
  0: 'ED25519',
  1: 'Secp256k1',
  2: 'Secp256r1',
  3: 'MultiSig',
  5: 'ZkLogin',
  6: 'Passkey',
}

/** @throws {TypeError} if the text is of another form; it is not repeated */
export function decodePrivateKey(text: string): { scheme: string; secretKey: Uint8Array } {
  let prefix: string
  let bytes: Uint8Array
  try {
    const decoded = bech32.decode(text as `${string}1${string}`)
    prefix = decoded.prefix
    bytes = bech32.fromWords(decoded.words)
  } catch {
    // No cause: the decoder's message quotes its input.
    throw new TypeError('the text is not Bech32')
  }
  if (prefix !== PREFIX) throw new TypeError('the text is no private key of Sui')
  if (bytes.length !== 1 + SECRET_KEY_BYTES) throw new TypeError('the private key has another length')
  return { scheme: SCHEMES[bytes[0]!] ?? `with flag ${bytes[0]}`, secretKey: bytes.subarray(1) }
}
