import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { blsPublicKey, blsUncompressedPublicKey } from '../../src/crypto/bls.ts'
import {
  certificateFrom,
  combineConfirmations,
  encodeSignersBitmap,
  parseSignersBitmap,
  type SignedConfirmation,
  type SigningCommittee,
  signMessage,
  verifyCertificate,
  verifyConfirmation,
} from '../../src/protocol/certificate.ts'
import type { StorageMessage } from '../../src/protocol/messages.ts'

const wire = JSON.parse(readFileSync(new URL('../vectors/protocol/wire.json', import.meta.url), 'utf8'))
const secrets = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte))
const message: StorageMessage = {
  $kind: 'blob-certificate',
  epoch: 21,
  blobId: new Uint8Array(32).fill(7),
  persistence: { $kind: 'permanent' },
}
/** Four members; the last three hold 7 of 10 shards, exactly a quorum. Keys in both encodings. */
const committee: SigningCommittee = {
  epoch: 21,
  shardCount: 10,
  members: [3, 3, 3, 1].map((weight, i) => {
    const publicKey = blsPublicKey(secrets[i]!)
    return { weight, publicKey: i % 2 === 0 ? publicKey : blsUncompressedPublicKey(publicKey) }
  }),
}
const signed = secrets.map((secret) => signMessage(message, secret))
const confirmations = (...positions: number[]) =>
  new Map<number, SignedConfirmation>(positions.map((position) => [position, signed[position]!]))

describe('confirmations', () => {
  it('carry the signature of the reference vector', () => {
    expect(toHex(signed[0]!.signature)).toBe(wire.signature)
    expect(toHex(committee.members[0]!.publicKey)).toBe(wire.publicKeys[0])
    expect(wire.signature).toMatch(/^8e9772c79e55b35d9652375f787630f82ca666cc4e75361d76fa26824437b831.*9f72b$/)
  })

  it('verify under the compressed and the uncompressed key', () => {
    verifyConfirmation(signed[0]!, message, fromHex(wire.publicKeys[0]))
    verifyConfirmation(signed[0]!, message, fromHex(wire.uncompressedPublicKeys[0]))
  })

  it.each<[string, string, SignedConfirmation, StorageMessage]>([
    ['another key', 'signature', signed[1]!, message],
    ['another epoch', 'message', signed[0]!, { ...message, epoch: 22 }],
    ['another blob', 'message', signed[0]!, { ...message, blobId: new Uint8Array(32).fill(8) }],
    [
      'another persistence',
      'message',
      signed[0]!,
      { ...message, persistence: { $kind: 'deletable', objectId: new Uint8Array(32) } },
    ],
    ['a short signature', 'signature-length', { ...signed[0]!, signature: new Uint8Array(95) }, message],
    ['a signature that is no point', 'signature', { ...signed[0]!, signature: new Uint8Array(96) }, message],
  ])('of %s are refused and say why', (_, fault, confirmation, expected) => {
    expect(() => verifyConfirmation(confirmation, expected, fromHex(wire.publicKeys[0]))).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_CONFIRMATION', data: expect.objectContaining({ fault }) }),
    )
  })
})

describe('certificates', () => {
  it('aggregate to the signature of the official library', () => {
    const certificate = certificateFrom(committee, message, confirmations(2, 0, 1))
    expect(certificate.signers).toEqual([0, 1, 2])
    expect(toHex(certificate.signature)).toBe(wire.aggregate)
    verifyCertificate(committee, message, certificate)
  })

  it('need 3w ≥ 2n+1 in shards, not in nodes', () => {
    expect(certificateFrom(committee, message, confirmations(1, 2, 3)).signers).toEqual([1, 2, 3])
    expect(() => certificateFrom(committee, message, confirmations(0, 1))).toThrow(
      expect.objectContaining({
        code: 'PROTOCOL_QUORUM',
        data: { weight: 6, needed: 7, shardCount: 10, refused: [] },
      }),
    )
  })

  it('name the liar and go on without it', () => {
    const all = confirmations(0, 1, 2, 3)
    all.set(0, { ...signed[0]!, signature: signed[1]!.signature })
    const { certificate, weight, refused } = combineConfirmations(committee, message, all)
    expect(certificate?.signers).toEqual([1, 2, 3])
    expect(weight).toBe(7)
    expect([...refused.keys()]).toEqual([0])
    expect(refused.get(0)?.data['fault']).toBe('signature')
  })

  it('name members that sent garbage instead of a signature or a message', () => {
    const all = confirmations(0, 1, 2, 3)
    all.set(0, { ...signed[0]!, signature: new Uint8Array(96).fill(255) })
    all.set(3, { ...signed[3]!, message: new Uint8Array(3) })
    const { certificate, weight, refused } = combineConfirmations(committee, message, all)
    expect(certificate).toBeUndefined()
    expect(weight).toBe(6)
    expect([...refused.keys()].sort()).toEqual([0, 3])
  })

  it('name every liar of several, and only them', () => {
    const many = [...Array(10).keys()].map((i) => new Uint8Array(32).fill(i + 10))
    const committee: SigningCommittee = {
      epoch: 21,
      shardCount: 10,
      members: many.map((secret) => ({ weight: 1, publicKey: blsPublicKey(secret) })),
    }
    const sent = new Map(many.map((secret, i) => [i, signMessage(message, secret)]))
    // Another's signature, one over another message, and a point that is no signature at all.
    sent.set(2, sent.get(3)!)
    sent.set(5, { ...sent.get(5)!, signature: signMessage({ ...message, epoch: 22 }, many[5]!).signature })
    sent.set(9, { ...sent.get(9)!, signature: new Uint8Array(96).fill(1) })
    const { certificate, weight, refused } = combineConfirmations(committee, message, sent)
    expect([...refused.keys()]).toEqual([2, 5, 9])
    expect(weight).toBe(7)
    expect(certificate?.signers).toEqual([0, 1, 3, 4, 6, 7, 8])
    verifyCertificate(committee, message, certificate!)
  })

  it('ask only whether the sum is right where it is: two members that swapped signatures still certify', () => {
    const all = confirmations(0, 1, 2)
    all.set(0, signed[1]!)
    all.set(1, signed[0]!)
    const { certificate, refused } = combineConfirmations(committee, message, all)
    expect(refused.size).toBe(0)
    expect(certificate).toEqual(certificateFrom(committee, message, confirmations(0, 1, 2)))
    verifyCertificate(committee, message, certificate!)
  })

  it('of many honest members cost far less than a check of each', () => {
    const many = [...Array(10).keys()].map((i) => new Uint8Array(32).fill(i + 40))
    const committee: SigningCommittee = {
      epoch: 21,
      shardCount: 10,
      members: many.map((secret) => ({ weight: 1, publicKey: blsUncompressedPublicKey(blsPublicKey(secret)) })),
    }
    // A valid signature is remembered, so every run has a message of its own.
    let blob = 0
    const timed = (run: (message: StorageMessage, sent: Map<number, SignedConfirmation>) => void) => {
      const fresh = { ...message, blobId: new Uint8Array(32).fill(++blob) }
      const sent = new Map(many.map((secret, i) => [i, signMessage(fresh, secret)]))
      const start = performance.now()
      run(fresh, sent)
      return performance.now() - start
    }
    const together: Parameters<typeof timed>[0] = (fresh, sent) =>
      expect(combineConfirmations(committee, fresh, sent).weight).toBe(10)
    const each: Parameters<typeof timed>[0] = (fresh, sent) => {
      for (const [i, { publicKey }] of committee.members.entries()) verifyConfirmation(sent.get(i)!, fresh, publicKey)
    }
    // Best of three in turn: what else the machine does must not decide.
    const [sum, single] = [[], []] as [number[], number[]]
    for (let round = 0; round < 3; round++) {
      sum.push(timed(together))
      single.push(timed(each))
    }
    expect(Math.min(...sum)).toBeLessThan(Math.min(...single) / 2)
  })

  it('are none without confirmations', () => {
    expect(combineConfirmations(committee, message, new Map())).toEqual({ weight: 0, refused: new Map() })
  })

  it('are refused when they claim a signer who did not sign, a signer twice, or another message', () => {
    const certificate = certificateFrom(committee, message, confirmations(0, 1, 2))
    const refused = expect.objectContaining({ code: 'PROTOCOL_CERTIFICATE' })
    expect(() => verifyCertificate(committee, message, { ...certificate, signers: [0, 1, 2, 3] })).toThrow(refused)
    expect(() => verifyCertificate(committee, message, { ...certificate, signers: [0, 1, 1] })).toThrow(refused)
    expect(() => verifyCertificate(committee, message, { ...certificate, signers: [0, 1, 9] })).toThrow(refused)
    expect(() => verifyCertificate(committee, { ...message, epoch: 3 }, certificate)).toThrow(refused)
    expect(() => verifyCertificate(committee, message, { ...certificate, signers: [0, 1] })).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_QUORUM' }),
    )
  })
})

describe('the signers bitmap', () => {
  it('is least significant bit first', () => {
    expect(toHex(encodeSignersBitmap([0, 3, 8, 10], 11))).toBe('0905')
    expect(parseSignersBitmap(fromHex('0905'), 11)).toEqual([0, 3, 8, 10])
  })

  it('may be shorter than the committee, but not longer, nor have bits beyond it', () => {
    expect(parseSignersBitmap(fromHex('09'), 11)).toEqual([0, 3])
    const refused = expect.objectContaining({ code: 'PROTOCOL_BITMAP' })
    expect(() => parseSignersBitmap(fromHex('090500'), 11)).toThrow(refused)
    expect(() => parseSignersBitmap(fromHex('0908'), 11)).toThrow(refused)
    expect(() => encodeSignersBitmap([11], 11)).toThrow(RangeError)
  })
})
