/** HTTP on 127.0.0.1 for whoever may read the state folder: leases, fault controls, stopping.
 *
 *  Every request carries the token; requests of browsers (with an Origin) are refused, so that no web page can reach it.
 *  A lease is an open request: it ends when its holder lets go or dies, whatever way. */

import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FloeError } from '../base/errors.ts'
import type { LocalNetworkInfo } from './info.ts'

export interface ControlActions {
  info(): LocalNetworkInfo
  stopNode(index: number): Promise<void>
  startNode(index: number): Promise<void>
  corruptNode(index: number, blobId: string | undefined): Promise<number>
  advanceEpoch(options: { rotate: boolean }): Promise<number>
  /** Called when the number of leases changes.
   *  @returns false if the process is ending and takes none any more */
  leases(count: number): boolean
  /** Keep running without leases. */
  stay(): void
  /** End the process; undefined where the network belongs to the process that asked. */
  stop?(): void
}

export interface ControlServer {
  readonly port: number
  close(): Promise<void>
}

const HOST = '127.0.0.1'
const COMMAND = /^\/nodes\/([0-9]{1,4})\/(stop|start|corrupt)$/

/** @param port - wanted; another is taken if it is not free */
export async function startControlServer(port: number, token: string, actions: ControlActions): Promise<ControlServer> {
  let leases = 0
  const expected = Buffer.from(`Bearer ${token}`)

  const lease = (response: ServerResponse) => {
    if (!actions.leases(leases + 1)) return answer(response, 503, ending)
    leases++
    response.on('close', () => actions.leases(--leases))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(`${JSON.stringify(actions.info())}\n`)
  }

  const run = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control')
    const given = Buffer.from(request.headers.authorization ?? '')
    if (request.headers.origin !== undefined || given.length !== expected.length || !timingSafeEqual(given, expected))
      return answer(response, 403, { error: { code: 'LOCALNET_FORBIDDEN', message: 'wrong token' } })
    if (request.method === 'GET' && pathname === '/info') return answer(response, 200, actions.info())
    if (request.method === 'GET' && pathname === '/lease') return lease(response)
    if (request.method !== 'POST') return answer(response, 404, notFound)
    const match = COMMAND.exec(pathname)
    const index = Number(match?.[1])
    if (match && index >= actions.info().nodes.length) return answer(response, 404, notFound)
    let result: Record<string, unknown> = {}
    if (match?.[2] === 'stop') await actions.stopNode(index)
    else if (match?.[2] === 'start') await actions.startNode(index)
    else if (match?.[2] === 'corrupt')
      result = { slivers: await actions.corruptNode(index, searchParams.get('blobId') ?? undefined) }
    else if (pathname === '/epoch')
      result = { epoch: await actions.advanceEpoch({ rotate: searchParams.get('rotate') === 'true' }) }
    else if (pathname === '/stay') actions.stay()
    else if (pathname === '/stop' && actions.stop) {
      answer(response, 200, { info: actions.info() })
      return actions.stop()
    } else return answer(response, 404, notFound)
    answer(response, 200, { ...result, info: actions.info() })
  }

  const server = createServer((request, response) => {
    run(request, response).catch((error: unknown) => {
      const body = error instanceof FloeError ? error.toJSON() : { code: 'LOCALNET_FAILED', message: String(error) }
      if (response.headersSent) response.destroy()
      else answer(response, 500, { error: body })
    })
  })
  // An idle lease is an open request without traffic.
  server.requestTimeout = 0
  server.keepAliveTimeout = 1000
  await listen(server, port).catch((error: NodeJS.ErrnoException) => {
    if (port === 0 || (error.code !== 'EADDRINUSE' && error.code !== 'EACCES')) throw error
    return listen(server, 0)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const ending = { error: { code: 'LOCALNET_ENDING', message: 'the network is ending' } }
const notFound = { error: { code: 'LOCALNET_UNKNOWN_COMMAND', message: 'no such command' } }

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}
