/** One connection to an HTTP/1.1 server: one exchange at a time, kept open between them. */

import type { Socket } from 'node:net'
import { HttpMessageError, type ResponseHead, ResponseReader, requestHead } from './http-message.ts'
import { bodyLength, type NodeExchange, type NodeResponse, type RequestBody } from './transport.ts'

/** What is handed to the system at a time, so that the watchdog sees a node that does not take it. */
const PIECE_BYTES = 256 * 1024
/** What may have come of a body that nobody has asked for yet. */
const MAX_QUEUED_BYTES = 1024 * 1024
/** A connection is given up so long before the server would close it. */
const IDLE_MARGIN_MS = 1000
const KEEP_ALIVE_SECONDS = /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/

/** The connection had been closed by the other side before it could answer. */
export class StaleConnection extends Error {}

export interface ConnectionEvents {
  /** It can be used for another exchange. */
  onIdle(connection: HttpConnection): void
  /** It cannot be used any more. */
  onClosed(connection: HttpConnection): void
}

function hungUp(): Error {
  return Object.assign(new Error('the connection was closed before the answer had come'), { code: 'ECONNRESET' })
}

export class HttpConnection {
  readonly #socket: Socket
  readonly #events: ConnectionEvents
  #current: Exchange | undefined
  #exchanges = 0
  #idleUntilMs = Number.POSITIVE_INFINITY

  /** @param socket - over which nothing has been sent; it may still be connecting. Where it reads into a buffer of its owner's,
   *    the owner hands on what comes to `received`. */
  constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket
    this.#events = events
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.received(bytes))
    socket.on('end', () => this.#current?.peerEnded())
    socket.on('error', (error) => this.#current?.fail(error))
    socket.on('close', () => {
      this.#current?.fail(hungUp())
      events.onClosed(this)
    })
  }

  /** False if the other side has closed it, or is about to. */
  get isUsable(): boolean {
    const { destroyed, readableEnded, writable } = this.#socket
    return !destroyed && !readableEnded && writable && performance.now() < this.#idleUntilMs
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** @param bytes - not looked at after this and what follows it at once, promises included */
  received(bytes: Buffer): void {
    // Nobody has asked for this: nobody knows what it belongs to.
    if (!this.#current) return void this.#socket.destroy()
    this.#current.received(bytes)
  }

  /** @param host - for the head of the request
   *  @param path - as it is sent
   *  @throws {StaleConnection} if nothing came, over a connection that had been used before */
  exchange(host: string, path: string, exchange: NodeExchange): Promise<NodeResponse> {
    const { method, headers, body } = exchange
    const head = requestHead(method, path, host, headers, body && bodyLength(body))
    return new Promise((resolve, reject) => {
      if (this.#exchanges++ > 0) this.#socket.ref()
      this.#current = new Exchange(this.#socket, exchange, this.#exchanges > 1, { resolve, reject }, (kept) => {
        this.#current = undefined
        if (!kept) return void this.#socket.destroy()
        const hint = KEEP_ALIVE_SECONDS.exec(kept.header('keep-alive') ?? '')?.[1]
        this.#idleUntilMs = hint ? performance.now() + Number(hint) * 1000 - IDLE_MARGIN_MS : Number.POSITIVE_INFINITY
        // A program does not wait for connections that nobody uses.
        this.#socket.unref()
        this.#events.onIdle(this)
      })
      this.#current.send(head)
    })
  }
}

/** The body in pieces of `PIECE_BYTES`, each of whole or cut parts, none of them empty. */
function piecesOf(body: RequestBody): Uint8Array[][] {
  const pieces: Uint8Array[][] = []
  let room = 0
  for (const part of body)
    for (let from = 0; from < part.length; ) {
      if (room === 0) {
        pieces.push([])
        room = PIECE_BYTES
      }
      const to = Math.min(part.length, from + room)
      pieces.at(-1)!.push(part.subarray(from, to))
      room -= to - from
      from = to
    }
  return pieces
}

interface Waiter<T> {
  resolve(value: T): void
  reject(reason: unknown): void
}

class Exchange {
  readonly #socket: Socket
  readonly #exchange: NodeExchange
  readonly #isReused: boolean
  readonly #answered: Waiter<NodeResponse>
  /** Called once, with the head if the connection can be used again. */
  readonly #left: (kept: ResponseHead | undefined) => void
  readonly #reader: ResponseReader
  readonly #queue: Uint8Array[] = []
  #queuedBytes = 0
  #head: ResponseHead | undefined
  #hasBegun = false
  #isSent = false
  #isComplete = false
  #hasLeft = false
  #failure: { error: unknown } | undefined
  #reading: Waiter<IteratorResult<Uint8Array>> | undefined

  constructor(
    socket: Socket,
    exchange: NodeExchange,
    isReused: boolean,
    answered: Waiter<NodeResponse>,
    left: (kept: ResponseHead | undefined) => void,
  ) {
    this.#socket = socket
    this.#exchange = exchange
    this.#isReused = isReused
    this.#answered = answered
    this.#left = left
    this.#reader = new ResponseReader({
      onHead: (head) => {
        this.#head = head
        answered.resolve(this.#response(head))
      },
      onBody: (piece) => this.#enqueue(piece),
      onEnd: () => this.#complete(),
    })
    exchange.signal.addEventListener('abort', this.#abort)
  }

  readonly #abort = () => {
    const { reason } = this.#exchange.signal
    this.fail(reason instanceof Error ? reason : new Error('aborted'))
  }

  send(head: string): void {
    const { body, onSent, signal } = this.#exchange
    const socket = this.#socket
    // Since the caller asked for a connection.
    if (signal.aborted) {
      this.#abort()
      return
    }
    if (body === undefined) {
      socket.write(head, 'latin1')
      this.#isSent = true
      return
    }
    const pieces = piecesOf(body)
    let sent = 0
    const next = (): void => {
      const piece = pieces.shift()
      if (!piece) {
        this.#isSent = true
        if (this.#isComplete) this.#leave()
        return
      }
      // One call of the system for what belongs together.
      socket.cork()
      for (const [i, part] of piece.entries())
        if (i < piece.length - 1) socket.write(part)
        else
          socket.write(part, (error) => {
            // After an answer that came early, and ended the exchange, the rest is of no use.
            if (error || this.#hasLeft) return
            onSent?.((sent += bodyLength(piece)))
            next()
          })
      socket.uncork()
    }
    socket.cork()
    socket.write(head, 'latin1')
    next()
    socket.uncork()
  }

  received(bytes: Buffer): void {
    this.#hasBegun = true
    try {
      this.#reader.push(bytes)
    } catch (error) {
      if (!(error instanceof HttpMessageError)) throw error
      this.fail(error)
    }
  }

  peerEnded(): void {
    if (!this.#isComplete && !this.#reader.end()) this.fail(hungUp())
  }

  fail(error: unknown): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#detach()
    const { code } = error as { code?: unknown }
    const isStale = this.#isReused && !this.#hasBegun && (code === 'ECONNRESET' || code === 'EPIPE')
    const reason = isStale && error instanceof Error ? new StaleConnection(error.message, { cause: error }) : error
    if (!this.#isComplete) this.#failure = { error: reason }
    this.#answered.reject(reason)
    if (!this.#isComplete) this.#reading?.reject(reason)
    this.#left(undefined)
  }

  /** All of the answer is here. */
  #complete(): void {
    this.#isComplete = true
    this.#reading?.resolve({ done: true, value: undefined })
    this.#reading = undefined
    if (this.#isSent) this.#leave()
    // Who answers before it has all of a request may never take the rest: that connection is given up.
    else setImmediate(() => this.#leave())
  }

  #leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#detach()
    if (this.#socket.isPaused()) this.#socket.resume()
    // What came in the same piece, behind the answer, is seen only after this.
    queueMicrotask(() =>
      this.#left(this.#head!.isKept && this.#isSent && !this.#reader.hasSurplus ? this.#head : undefined),
    )
  }

  #detach(): void {
    this.#exchange.signal.removeEventListener('abort', this.#abort)
  }

  #enqueue(piece: Uint8Array): void {
    if (this.#reading) {
      this.#reading.resolve({ done: false, value: piece })
      this.#reading = undefined
      return
    }
    // The memory that it stands in is about to be read into again.
    this.#queue.push(new Uint8Array(piece))
    this.#queuedBytes += piece.length
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#socket.pause()
  }

  #next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#failure) return Promise.reject(this.#failure.error)
    const piece = this.#queue.shift()
    if (piece) {
      this.#queuedBytes -= piece.length
      if (!this.#hasLeft && this.#socket.isPaused() && this.#queuedBytes <= MAX_QUEUED_BYTES) this.#socket.resume()
      return Promise.resolve({ done: false, value: piece })
    }
    if (this.#isComplete) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#reading = { resolve, reject }
    })
  }

  #response({ status, header }: ResponseHead): NodeResponse {
    const discard = () => {
      this.#queue.length = 0
      // Reading the rest could take for ever.
      if (!this.#isComplete) this.fail(new Error('the rest of the answer was thrown away'))
    }
    const iterator: AsyncIterator<Uint8Array> = {
      next: () => this.#next(),
      return: () => {
        discard()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
    return { status, header, body: { [Symbol.asyncIterator]: () => iterator }, discard }
  }
}
