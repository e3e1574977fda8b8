/** `sui.rpc.v2.SignatureVerificationService`: whether a signature over a message is of an address. */

import { bcs } from '@mysten/sui/bcs'
import { toBase64 } from '@mysten/sui/utils'
import { invalidArgument } from '../ledger/errors.ts'
import { normalizeAddress } from '../movevm/types.ts'
import type { Handlers, Unary } from './dispatch.ts'
import type { Proto } from './messages.ts'

/** Flag of zkLogin signatures, which need keys of an identity provider: there is none here. */
const ZK_LOGIN_FLAG = 5

async function signerOf(
  scope: 'TransactionData' | 'PersonalMessage',
  message: Uint8Array,
  signature: Uint8Array,
): Promise<string> {
  // On demand, as in ../ledger/signatures.ts.
  const { verifyPersonalMessageSignature, verifyTransactionSignature } = await import('@mysten/sui/verify')
  const text = toBase64(signature)
  if (scope === 'TransactionData') return (await verifyTransactionSignature(message, text)).toSuiAddress()
  const personal = bcs.byteVector().parse(message)
  return (await verifyPersonalMessageSignature(personal, text)).toSuiAddress()
}

export function signatureService(): Handlers {
  const verifySignature: Unary<Proto.VerifySignatureRequest, Proto.VerifySignatureResponse> = async (request) => {
    const { name, value } = request.message ?? {}
    const signature = request.signature?.bcs?.value
    if (!value || !signature) throw invalidArgument('message.value and signature.bcs are required')
    if (name !== 'TransactionData' && name !== 'PersonalMessage') {
      throw invalidArgument('message.name is neither TransactionData nor PersonalMessage')
    }
    if (signature[0] === ZK_LOGIN_FLAG) {
      return { isValid: false, reason: 'zkLogin signatures cannot be checked on the local network' }
    }
    try {
      const signer = normalizeAddress(await signerOf(name, value, signature))
      if (request.address === undefined || normalizeAddress(request.address) === signer) return { isValid: true }
      return { isValid: false, reason: `signed by ${signer}` }
    } catch (error) {
      return { isValid: false, reason: error instanceof Error ? error.message : String(error) }
    }
  }
  return { VerifySignature: verifySignature }
}
