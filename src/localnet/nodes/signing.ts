/** BLS signatures of all nodes over the same message, for the price of two.
 *
 *  Every confirmation of a blob is the same message, asked of all nodes at the same time, and all nodes live in this
 *  process. One signature takes 25 ms, more than half of it the hash to the curve. So the secrets are a line,
 *  secret(i) = base + i·step, and the signatures are points on a line as well: H·secret(i) = H·base + i·(H·step).
 *  Whoever knows two secrets knows all, but all of them come from the one seed in `network.json` anyway.
 *  The multiplications are not constant-time: whoever can measure them here can read that file. */

import { bls12_381 } from '@noble/curves/bls12-381.js'
import { concatBytes, toHex, utf8 } from '../../base/bytes.ts'
import { blsCompress, blsMessagePoint } from '../../crypto/bls.ts'
import { sha256 } from '../../crypto/hash.ts'

type Point = ReturnType<typeof bls12_381.longSignatures.hash>

export interface NetworkSigner {
  /** Secret of a node: 32 bytes big-endian. */
  secret(index: number): Uint8Array
  /** What `blsPublicKey(secret(index))` gives: 48 bytes compressed. */
  publicKey(index: number): Uint8Array
  /** What `blsSign(message, secret(index))` gives: 96 bytes compressed. */
  sign(message: Uint8Array, index: number): Uint8Array
}

/** Messages whose points are kept: confirmations of the blobs of one push. */
const MAX_KEPT_MESSAGES = 64
const GROUP_ORDER = bls12_381.fields.Fr.ORDER

/** @param seed - 32 secret bytes */
export function createNetworkSigner(seed: Uint8Array): NetworkSigner {
  const base = scalar(seed, 'base')
  const step = scalar(seed, 'step')
  const kept = new Map<string, { base: Point; step: Point }>()

  const line = (message: Uint8Array) => {
    const key = Buffer.from(message).toString('latin1')
    let points = kept.get(key)
    if (!points) {
      const hash = blsMessagePoint(message)
      points = { base: hash.multiplyUnsafe(base), step: hash.multiplyUnsafe(step) }
      kept.set(key, points)
      if (kept.size > MAX_KEPT_MESSAGES) kept.delete(kept.keys().next().value!)
    }
    return points
  }
  // Public keys are on a line as well: two multiplications for all of them.
  const keyBase = bls12_381.G1.Point.BASE.multiplyUnsafe(base)
  const keyStep = bls12_381.G1.Point.BASE.multiplyUnsafe(step)
  return {
    publicKey: (index) => keyBase.add(keyStep.multiplyUnsafe(BigInt(index))).toBytes(true),
    secret(index) {
      const value = (base + BigInt(index) * step) % GROUP_ORDER
      return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))
    },
    sign(message, index) {
      const points = line(message)
      return blsCompress(points.base.add(points.step.multiplyUnsafe(BigInt(index))))
    },
  }
}

function scalar(seed: Uint8Array, use: string): bigint {
  const digest = sha256(concatBytes(utf8(`floe.localnet.bls.${use}\0`), seed))
  return BigInt(`0x${toHex(digest)}`) % GROUP_ORDER
}
