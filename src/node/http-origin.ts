/** The connections to one server: kept open, used again, and no more of them than agreed. */

import { connect, isIP, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { HttpConnection, StaleConnection } from './http-connection.ts'
import { pinnedConnection } from './tls-pin.ts'
import type { NodeExchange, NodeResponse } from './transport.ts'

/** What is read from plain connections, one after the other: whoever is told of it uses it at once. Memory of its own for each
 *  read is garbage that takes a tenth of the processor time of reading a large blob. */
const READ_AT_ONCE_BYTES = 256 * 1024
let readBuffer: Buffer | undefined

/** Open connections to one server; more requests wait. Callers stay below it. */
const MAX_CONNECTIONS = 64
const MAX_IDLE_CONNECTIONS = 16

function readInto(received: (bytes: Buffer) => void): OnReadOpts {
  readBuffer ??= Buffer.allocUnsafeSlow(READ_AT_ONCE_BYTES)
  const buffer = readBuffer
  return {
    buffer,
    callback(length) {
      received(buffer.subarray(0, length))
      return true
    },
  }
}

export class HttpOrigin {
  readonly #url: URL
  readonly #tlsKey: Uint8Array | undefined
  /** The one used last is the last: the others grow old. */
  readonly #idle: HttpConnection[] = []
  readonly #waiting: (() => void)[] = []
  #open = 0
  /** Of the last TLS connection, to save the next one a round trip. */
  #session: Buffer | undefined

  /** @param url - http or https; only the origin counts
   *  @param tlsKey - see `HttpTransportOptions` */
  constructor(url: URL, tlsKey: Uint8Array | undefined) {
    this.#url = url
    this.#tlsKey = tlsKey
  }

  /** @param path - path and query, as they are sent
   *  @throws the signal's reason, or what kept the answer from coming */
  async exchange(path: string, exchange: NodeExchange): Promise<NodeResponse> {
    const { host } = this.#url
    const { signal } = exchange
    signal.throwIfAborted()
    try {
      return await (await this.#acquire(signal, false)).exchange(host, path, exchange)
    } catch (error) {
      if (!(error instanceof StaleConnection) || signal.aborted) throw error
      return await (await this.#acquire(signal, true)).exchange(host, path, exchange)
    }
  }

  async #acquire(signal: AbortSignal, isFresh: boolean): Promise<HttpConnection> {
    for (;;) {
      const kept = isFresh ? undefined : this.#takeIdle()
      if (kept) return kept
      if (this.#open < MAX_CONNECTIONS) return await this.#connect(signal)
      // Room for a new one, if only an old one is in the way.
      if (isFresh && this.#idle.length > 0) this.#idle.pop()!.destroy()
      await this.#turn(signal)
    }
  }

  #takeIdle(): HttpConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop()
      if (!connection || connection.isUsable) return connection
      connection.destroy()
    }
  }

  /** Waits until a connection is idle or gone. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1)
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.push(go)
    })
  }

  async #connect(signal: AbortSignal): Promise<HttpConnection> {
    this.#open++
    let socket: Socket
    let opened: HttpConnection | undefined
    try {
      socket = await this.#socket(signal, (bytes) => opened?.received(bytes))
    } catch (error) {
      this.#closed()
      throw error
    }
    opened = new HttpConnection(socket, {
      onIdle: (connection) => {
        const isWanted = this.#waiting.length > 0 || this.#idle.length < MAX_IDLE_CONNECTIONS
        if (!isWanted) return connection.destroy()
        this.#idle.push(connection)
        this.#waiting.shift()?.()
      },
      onClosed: (connection) => {
        const at = this.#idle.indexOf(connection)
        if (at >= 0) this.#idle.splice(at, 1)
        this.#closed()
      },
    })
    return opened
  }

  #closed(): void {
    this.#open--
    this.#waiting.shift()?.()
  }

  /** A plain socket is handed on at once: what is written waits for the connection. One with TLS has shown who is at
   *  the other end.
   *  @param received - told what comes over a plain one, in memory that is used again */
  #socket(signal: AbortSignal, received: (bytes: Buffer) => void): Promise<Socket> | Socket {
    const { protocol, hostname, port } = this.#url
    const host = hostname.replace(/^\[|\]$/g, '')
    const where = { host, port: Number(port) || (protocol === 'https:' ? 443 : 80) }
    if (protocol !== 'https:') return connect({ ...where, onread: readInto(received) })
    const settings = { ...where, ...(isIP(host) ? {} : { servername: host }) }
    return new Promise((resolve, reject) => {
      const opened = (error: Error | null, socket?: Socket) => {
        signal.removeEventListener('abort', abort)
        if (error) reject(error)
        else resolve(socket!)
      }
      const opening = this.#tlsKey
        ? pinnedConnection(settings, this.#tlsKey, opened)
        : this.#certified(settings, opened)
      const abort = () => {
        opening.destroy()
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  #certified(settings: object, opened: (error: Error | null, socket?: Socket) => void): Socket {
    const socket = connectSecure({ ...settings, ...(this.#session ? { session: this.#session } : {}) })
    const failed = (error: Error) => opened(error)
    socket.once('error', failed)
    socket.on('session', (session) => {
      this.#session = session
    })
    socket.once('secureConnect', () => {
      socket.off('error', failed)
      opened(null, socket)
    })
    return socket
  }
}
