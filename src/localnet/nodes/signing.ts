/** BLS signatures of many nodes over the same few messages, faster than one by one: equal bytes to `blsSign`.
 *
 *  All nodes of the local network live in one process and are asked to sign the same message at the same time, so the
 *  hash to the curve (15 ms, more than half of a signature) is done once for all. The multiplication is the one without
 *  constant time: whoever can measure it here can read the key file as well. */

import { bls12_381 } from '@noble/curves/bls12-381.js'
import { BLS_DST } from '../../crypto/bls.ts'

type MessagePoint = ReturnType<typeof bls12_381.longSignatures.hash>

/** Messages whose point is kept: confirmations of a few blobs at once. */
const MAX_KEPT_POINTS = 32
const points = new Map<string, MessagePoint>()

function messagePoint(message: Uint8Array): MessagePoint {
  const key = Buffer.from(message).toString('latin1')
  let point = points.get(key)
  if (!point) {
    point = bls12_381.longSignatures.hash(message, BLS_DST)
    points.set(key, point)
    if (points.size > MAX_KEPT_POINTS) points.delete(points.keys().next().value!)
  }
  return point
}

/** Signature over the message: 96 bytes compressed.
 *  @param secret - as a number below the group order */
export function signFast(message: Uint8Array, secret: bigint): Uint8Array {
  return messagePoint(message).multiplyUnsafe(secret).toBytes(true)
}
