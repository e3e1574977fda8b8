/** Requests to the control server of a running network. */

import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { DaemonRecord } from './daemon-file.ts'
import { LocalnetControlError } from './errors.ts'
import type { LocalNetworkInfo } from './info.ts'

const MAX_ANSWER_BYTES = 4 * 1024 * 1024
const TIMEOUT_MS = 30_000

function open(
  record: DaemonRecord,
  method: string,
  path: string,
): Promise<{ sent: ClientRequest; got: IncomingMessage }> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new LocalnetControlError(`${method} ${path}`, error.message, error))
    const sent = request(`${record.controlUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${record.token}` },
      // Connections are never kept: an idle one would hold the network's process back from ending.
      agent: false,
      timeout: TIMEOUT_MS,
    })
    sent.on('error', fail)
    sent.on('timeout', () => sent.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)))
    sent.on('response', (got) => resolve({ sent, got }))
    sent.end()
  })
}

/** One command or question.
 *  @throws {LocalnetControlError} LOCALNET_CONTROL */
export async function callControl(record: DaemonRecord, method: 'GET' | 'POST', path: string): Promise<unknown> {
  const { got } = await open(record, method, path)
  const text = await readText(got)
  const body = JSON.parse(text) as { error?: { message?: unknown } }
  if (got.statusCode !== 200)
    throw new LocalnetControlError(`${method} ${path}`, String(body.error?.message ?? got.statusCode))
  return body
}

async function readText(got: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of got.setEncoding('utf8') as AsyncIterable<string>) {
    text += piece
    if (text.length > MAX_ANSWER_BYTES) throw new LocalnetControlError('read', 'the answer is too long')
  }
  return text
}

export interface HeldLease {
  readonly info: LocalNetworkInfo
  /** Resolves once the connection is closed. */
  release(): Promise<void>
}

/** Takes a lease: a request that stays open. It does not keep this process alive.
 *  @throws {LocalnetControlError} LOCALNET_CONTROL */
export async function openLease(record: DaemonRecord): Promise<HeldLease> {
  const { sent, got } = await open(record, 'GET', '/lease')
  if (got.statusCode !== 200) {
    sent.destroy()
    throw new LocalnetControlError('GET /lease', `answered ${got.statusCode}`)
  }
  sent.setTimeout(0)
  const closed = new Promise<void>((resolve) => got.on('close', resolve))
  got.on('error', () => {})
  const info = await new Promise<LocalNetworkInfo>((resolve, reject) => {
    let text = ''
    got.setEncoding('utf8')
    got.on('data', (piece: string) => {
      text += piece
      const end = text.indexOf('\n')
      if (end >= 0) resolve(JSON.parse(text.slice(0, end)) as LocalNetworkInfo)
    })
    got.on('close', () => reject(new LocalnetControlError('GET /lease', 'the network ended')))
  })
  got.socket.unref()
  return {
    info,
    async release() {
      sent.destroy()
      await closed
    },
  }
}
