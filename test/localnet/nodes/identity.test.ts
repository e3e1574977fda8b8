import { expect, it } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import { blsPublicKey, blsSign } from '../../../src/crypto/bls.ts'
import { createNodeIdentity } from '../../../src/localnet/nodes/identity.ts'
import { createNetworkSigner } from '../../../src/localnet/nodes/signing.ts'
import { verifyConfirmation } from '../../../src/protocol/certificate.ts'

const seed = new Uint8Array(32).fill(3)

it('keys and signatures on a line are the bytes of the plain ones', () => {
  const signer = createNetworkSigner(seed)
  for (const index of [0, 1, 12]) {
    expect(toHex(signer.publicKey(index))).toBe(toHex(blsPublicKey(signer.secret(index))))
    for (const message of [new Uint8Array(40), new Uint8Array(72).fill(9)])
      expect(toHex(signer.sign(message, index))).toBe(toHex(blsSign(message, signer.secret(index))))
  }
})

it('an identity signs under the key it names, and is another for each node and seed', () => {
  const signer = createNetworkSigner(seed)
  const identity = createNodeIdentity(signer, 0)
  const message = { $kind: 'invalid-blob-id', epoch: 2, blobId: new Uint8Array(32).fill(1) } as const
  verifyConfirmation(identity.sign(message), message, identity.publicKey)
  expect(createNodeIdentity(createNetworkSigner(seed), 0).publicKey).toEqual(identity.publicKey)
  const others = [createNodeIdentity(signer, 1), createNodeIdentity(createNetworkSigner(new Uint8Array(32)), 0)]
  for (const other of others) expect(other.publicKey).not.toEqual(identity.publicKey)
  expect(identity.publicKey).toHaveLength(48)
  expect(identity.networkPublicKey).toHaveLength(33)
})
