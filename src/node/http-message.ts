/** HTTP/1.1 messages as bytes: what a request begins with, and a reader of answers, piece by piece as they arrive.
 *
 *  The reader trusts nothing: what is not exactly in the grammar is refused, heads and lines are bounded, and a body is
 *  passed on without being kept. Compression, redirects and upgrades are the caller's to refuse.
 *  @see RFC 9112 (HTTP/1.1), RFC 9110 §5.6.2 (tokens) */

/** An answer that is no HTTP, or none that a storage node gives. */
export class HttpMessageError extends Error {
  override name = 'HttpMessageError'
  readonly code = 'HTTP_MALFORMED'
}

export interface ResponseHead {
  readonly status: number
  /** False if the connection ends with this answer. */
  readonly isKept: boolean
  /** A header by its lower-case name; several are joined with commas. */
  header(name: string): string | null
}

export interface ResponseEvents {
  onHead(head: ResponseHead): void
  /** Part of the body; a view of what was pushed. */
  onBody(piece: Uint8Array): void
  onEnd(): void
}

/** All of a head, and all trailers together. Node allows as much. */
export const MAX_HEAD_BYTES: number = 16 * 1024
const MAX_HEADERS = 100
/** Size of a chunk, with extensions. */
const MAX_CHUNK_LINE_BYTES = 1024
/** Answers 100 to 199 before the one that counts. */
const MAX_INTERIM = 8

const CRLF = '\r\n'
const HEAD_END = '\r\n\r\n'
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/
const CONTENT_LENGTH = /^\d{1,15}$/
const CHUNK_LINE = /^([0-9A-Fa-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/
const PATH = /^\/[\x21-\x7e]*$/

/** @param path - path and query, as it is sent
 *  @param host - with the port, if it is not the scheme's
 *  @param bodyBytes - length of the body; absent for none
 *  @throws {TypeError} if the path has bytes that would end it */
export function requestHead(
  method: 'GET' | 'PUT',
  path: string,
  host: string,
  headers: Readonly<Record<string, string>>,
  bodyBytes: number | undefined,
): string {
  if (!PATH.test(path)) throw new TypeError('"path" expected printable ASCII without spaces')
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`
  if (bodyBytes !== undefined) head += `content-length: ${bodyBytes}\r\n`
  return head + CRLF
}

type State = 'head' | 'length' | 'chunk-line' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close' | 'done'

/** Reads one answer. Once a call has thrown, the reader is of no more use. */
export class ResponseReader {
  readonly #events: ResponseEvents
  #state: State = 'head'
  /** What has come of a head or a line. */
  #pending: Buffer = Buffer.alloc(0)
  /** Bytes of the body, or of the chunk, that are still to come. */
  #left = 0
  #interim = 0
  #trailerBytes = 0
  #hasSurplus = false

  constructor(events: ResponseEvents) {
    this.#events = events
  }

  /** More has come than the answer: nobody knows what the next one would begin with. */
  get hasSurplus(): boolean {
    return this.#hasSurplus
  }

  /** @throws {HttpMessageError} */
  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#state === 'done') {
        this.#hasSurplus = true
        return
      }
      at += this.#take(at === 0 ? bytes : bytes.subarray(at))
    }
  }

  /** The other side sends no more.
   *  @returns true if that ended the answer */
  end(): boolean {
    if (this.#state !== 'until-close') return false
    this.#finish()
    return true
  }

  /** @returns how many of the bytes are done with, at least one */
  #take(bytes: Buffer): number {
    switch (this.#state) {
      case 'until-close':
        this.#events.onBody(bytes)
        return bytes.length
      case 'length':
      case 'chunk':
        return this.#body(bytes)
      case 'head':
        return this.#upTo(HEAD_END, bytes, MAX_HEAD_BYTES, (text) => this.#head(text))
      case 'chunk-line':
        return this.#upTo(CRLF, bytes, MAX_CHUNK_LINE_BYTES, (text) => this.#chunkLine(text))
      case 'chunk-end':
        return this.#upTo(CRLF, bytes, CRLF.length, () => {
          this.#state = 'chunk-line'
        })
      default:
        return this.#upTo(CRLF, bytes, MAX_HEAD_BYTES, (text) => this.#trailer(text))
    }
  }

  #body(bytes: Buffer): number {
    const piece = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes
    this.#left -= piece.length
    this.#events.onBody(piece)
    if (this.#left > 0) return piece.length
    if (this.#state === 'chunk') this.#state = 'chunk-end'
    else this.#finish()
    return piece.length
  }

  /** Collects what comes before a mark, the mark included in what is taken.
   *  @returns how many of the new bytes that took */
  #upTo(mark: string, bytes: Buffer, maxBytes: number, done: (text: string) => void): number {
    const had = this.#pending.length
    const all = had === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    const found = all.indexOf(mark, Math.max(0, had - mark.length + 1), 'latin1')
    const end = found < 0 ? all.length : found + mark.length
    if (end > maxBytes) throw new HttpMessageError(`more than ${maxBytes} bytes without an end`)
    if (found < 0) {
      // A copy: what was pushed may be large.
      this.#pending = had === 0 ? Buffer.from(all) : all
      return bytes.length
    }
    this.#pending = Buffer.alloc(0)
    done(all.toString('latin1', 0, found))
    return end - had
  }

  #head(text: string): void {
    // Who takes thousands of slivers says the same thousands of times.
    if (lastHead?.text !== text) lastHead = { text, ...parseHead(text) }
    const { head, framing } = lastHead
    if (head.status < 200) {
      if (++this.#interim > MAX_INTERIM) throw new HttpMessageError('no end of interim answers')
      return
    }
    this.#events.onHead(head)
    if (typeof framing === 'string') this.#state = framing
    else if (framing === 0) this.#finish()
    else {
      this.#left = framing
      this.#state = 'length'
    }
  }

  #chunkLine(text: string): void {
    const size = CHUNK_LINE.exec(text)?.[1]
    if (size === undefined) throw new HttpMessageError('a malformed chunk')
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'chunk'
  }

  /** Fields behind the last chunk say nothing to us. */
  #trailer(text: string): void {
    if (text === '') {
      this.#finish()
      return
    }
    this.#trailerBytes += text.length + CRLF.length
    if (!HEADER_LINE.test(text) || this.#trailerBytes > MAX_HEAD_BYTES)
      throw new HttpMessageError('a malformed trailer')
  }

  #finish(): void {
    this.#state = 'done'
    this.#events.onEnd()
  }
}

/** What was read last, of whichever server. */
let lastHead: { text: string; head: ResponseHead; framing: number | State } | undefined

function parseHead(text: string): { head: ResponseHead; framing: number | State } {
  const [statusLine, ...lines] = text.split(CRLF)
  const parts = STATUS_LINE.exec(statusLine!)
  if (!parts) throw new HttpMessageError('no status line of HTTP/1.1')
  const status = Number(parts[2])
  if (status === 101) throw new HttpMessageError('another protocol that was not asked for')
  const isHttp11 = parts[1] === '1'
  const headers = parseHeaders(lines)
  const options = (headers.get('connection') ?? '').toLowerCase().split(/[\t ]*,[\t ]*/)
  // An answer before the one that counts has no body.
  const framing = status < 200 ? 0 : framingOf(status, isHttp11, headers)
  const isKept = isHttp11 && !options.includes('close') && framing !== 'until-close'
  return { head: { status, isKept, header: (name) => headers.get(name) ?? null }, framing }
}

function parseHeaders(lines: readonly string[]): Map<string, string> {
  if (lines.length > MAX_HEADERS) throw new HttpMessageError(`more than ${MAX_HEADERS} headers`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const parts = HEADER_LINE.exec(line)
    if (!parts) throw new HttpMessageError('a malformed header')
    const name = parts[1]!.toLowerCase()
    const value = parts[2]!.trimEnd()
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return headers
}

/** Bytes of the body, or how its end is found. @see RFC 9112 §6.3 */
function framingOf(status: number, isHttp11: boolean, headers: ReadonlyMap<string, string>): number | State {
  const encoding = headers.get('transfer-encoding')
  const length = headers.get('content-length')
  if (status === 204 || status === 304) return 0
  if (encoding !== undefined) {
    // Both, or one that a server of 1.0 does not know: two readers could disagree where the answer ends.
    if (length !== undefined || !isHttp11 || encoding.toLowerCase() !== 'chunked')
      throw new HttpMessageError('an unknown transfer encoding')
    return 'chunk-line'
  }
  if (length === undefined) return 'until-close'
  const lengths = new Set(length.split(/[\t ]*,[\t ]*/))
  const [one] = lengths
  if (lengths.size !== 1 || !CONTENT_LENGTH.test(one!)) throw new HttpMessageError('a malformed content length')
  return Number(one)
}
