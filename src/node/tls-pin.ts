/** TLS connections whose other end must hold a known key: the network key that the chain records for a storage node.
 *
 *  Nodes may use certificates that they signed themselves. What counts is the key in the leaf certificate, whoever
 *  vouches for it and whenever it ended. @see walrus-protocol reference §9 (TLS) */

import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'

/** `SubjectPublicKeyInfo` of an uncompressed P-256 point up to the point itself (RFC 5480). */
const SPKI_HEAD = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex')
const COORDINATE_BYTES = 32
export const TLS_KEY_BYTES: number = 1 + COORDINATE_BYTES

/** The other end of a TLS connection is not the node that the chain names. */
export class TlsKeyMismatch extends Error {
  override name = 'TlsKeyMismatch'
  readonly code = 'TLS_KEY_MISMATCH'
}

/** Calls back with a connection over which nothing has been sent yet, or with why there is none.
 *  @returns the connection while it is being made, for whoever gives it up */
export function pinnedConnection(
  options: object,
  tlsKey: Uint8Array,
  done: (error: Error | null, socket?: TLSSocket) => void,
): TLSSocket {
  // Not resumed: a resumed session brings no certificate to look at.
  const settings = { ...options, rejectUnauthorized: false, session: undefined } as ConnectionOptions
  const socket = connect(settings)
  const failed = (error: Error) => done(error)
  socket.once('error', failed)
  socket.once('secureConnect', () => {
    socket.off('error', failed)
    if (holdsKey(socket, tlsKey)) return done(null, socket)
    socket.destroy()
    done(new TlsKeyMismatch('the certificate holds another key than the one on chain'))
  })
  return socket
}

/** True if the leaf certificate's public key is this compressed point. */
function holdsKey(socket: TLSSocket, tlsKey: Uint8Array): boolean {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate || tlsKey.length !== TLS_KEY_BYTES) return false
  const info = certificate.publicKey.export({ type: 'spki', format: 'der' })
  const point = info.subarray(SPKI_HEAD.length)
  if (!info.subarray(0, SPKI_HEAD.length).equals(SPKI_HEAD) || point.length !== 1 + 2 * COORDINATE_BYTES) return false
  // 04 ‖ x ‖ y: the compressed form is 02 or 03, by the parity of y, and x.
  const parity = 2 + (point.at(-1)! & 1)
  return tlsKey[0] === parity && point.subarray(1, 1 + COORDINATE_BYTES).equals(tlsKey.subarray(1))
}
