/** A self-signed certificate, made by hand: Node can read certificates but not make them. X.509 v3 without extensions,
 *  RFC 5280 §4.1, signed with ECDSA and SHA-256. */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const length =
    body.length < 128 ? Buffer.from([body.length]) : Buffer.from([0x82, body.length >> 8, body.length & 255])
  return Buffer.concat([Buffer.from([tag]), length, body])
}
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'))
const name = (text: string) => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(text)))))

export interface SelfSigned {
  key: string
  cert: string
  /** Compressed point: what the chain records as a node's network key. */
  tlsKey: Uint8Array
}

/** @param until - end of its validity; default far away */
export function selfSigned(until = '491231235959Z'): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const info = publicKey.export({ type: 'spki', format: 'der' })
  const utc = (text: string) => der(0x17, Buffer.from(text))
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ECDSA_SHA256,
    name('node'),
    sequence(utc('200101000000Z'), utc(until)),
    name('node'),
    info,
  )
  const signature = sign('sha256', body, privateKey)
  const certificate = sequence(body, ECDSA_SHA256, der(0x03, Buffer.from([0]), signature))
  return {
    key: pem(privateKey),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
    tlsKey: compressed(info.subarray(-64)),
  }
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}

function compressed(point: Buffer): Uint8Array {
  return Uint8Array.from([2 + (point[63]! & 1), ...point.subarray(0, 32)])
}
