import { expect, it } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { blsPublicKey, blsSign } from '../../../src/crypto/bls.ts'
import { createNodeIdentity } from '../../../src/localnet/nodes/identity.ts'
import { signFast } from '../../../src/localnet/nodes/signing.ts'
import { verifyConfirmation } from '../../../src/protocol/certificate.ts'

const seed = new Uint8Array(32).fill(3)

it('fast signatures are the bytes of the plain ones', () => {
  for (const hex of ['01'.repeat(32), `${'00'.repeat(16)}${'fe'.repeat(16)}`, `${'00'.repeat(31)}01`])
    for (const message of [new Uint8Array(40), new Uint8Array(72).fill(9)])
      expect(toHex(signFast(message, BigInt(`0x${hex}`)))).toBe(toHex(blsSign(message, fromHex(hex))))
})

it('an identity signs under the key it names, and is another for each node and seed', () => {
  const identity = createNodeIdentity(seed, 0)
  const message = { $kind: 'invalid-blob-id', epoch: 2, blobId: new Uint8Array(32).fill(1) } as const
  verifyConfirmation(identity.sign(message), message, identity.publicKey)
  expect(identity.sign(message)).toBe(identity.sign(message))
  expect(createNodeIdentity(seed, 0).publicKey).toEqual(identity.publicKey)
  const others = [createNodeIdentity(seed, 1), createNodeIdentity(new Uint8Array(32), 0)]
  for (const other of others) expect(other.publicKey).not.toEqual(identity.publicKey)
  expect(identity.publicKey).toHaveLength(blsPublicKey(new Uint8Array(32).fill(1)).length)
  expect(identity.networkPublicKey).toHaveLength(33)
})
