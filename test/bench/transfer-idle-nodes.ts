/** Storage nodes that check nothing: what is sent to them costs next to nothing on their side, so that a client beside
 *  them is measured alone. They keep what they get in memory, and sign as the nodes of a local network, whose seed
 *  they are given, so that the chain takes their word. One listener per node, as in the real one. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createNodeIdentity } from '../../src/localnet/nodes/identity.ts'
import { createNetworkSigner } from '../../src/localnet/nodes/signing.ts'
import { blobIdText } from '../../src/protocol/blob-id.ts'
import { confirmationData, successEnvelope } from '../../src/protocol/envelope.ts'
import { matchRoute } from '../../src/protocol/routes.ts'

export interface IdleNodes {
  /** Requests and bytes on the wire since the last call, headers included. */
  takeTraffic(): { requests: number; bytesIn: number; bytesOut: number }
  forget(): void
}

/** @param seed - of the local network whose nodes these stand in for
 *  @param ports - theirs, free by now */
export async function startIdleNodes(seed: Uint8Array, ports: readonly number[]): Promise<IdleNodes> {
  const signer = createNetworkSigner(seed)
  const stored = new Map<string, Buffer[]>()
  let traffic = { requests: 0, bytesIn: 0, bytesOut: 0 }

  function json(response: ServerResponse, status: number, data: unknown): void {
    const body = JSON.stringify(data)
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  }
  function bytes(response: ServerResponse, parts: readonly Buffer[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': length })
    for (const part of parts) response.write(part)
    response.end()
  }
  function absent(response: ServerResponse): void {
    json(response, 404, { error: { code: 404, status: 'NOT_FOUND', message: 'absent', details: [] } })
  }

  function answer(index: number, request: IncomingMessage, response: ServerResponse, body: Buffer[]): void {
    const route = matchRoute(request.url!.split('?')[0]!)
    if (!route || !('blobId' in route)) return void absent(response)
    const blob = blobIdText(route.blobId)
    const key =
      route.$kind === 'sliver' || route.$kind === 'sliver-status'
        ? `${blob}/${route.pairIndex}/${route.axis}`
        : `${blob}/${index}`
    if (request.method === 'PUT') {
      stored.set(key, body)
      return void json(response, 201, successEnvelope('stored', 201))
    }
    const found = stored.get(key)
    switch (route.$kind) {
      case 'metadata':
        return void (found ? bytes(response, [Buffer.from(route.blobId), ...found]) : absent(response))
      case 'sliver':
        return void (found ? bytes(response, found) : absent(response))
      case 'metadata-status':
      case 'sliver-status':
        return void json(response, 200, successEnvelope(found ? 'stored' : 'nonexistent'))
      case 'confirmation': {
        const { blobId, persistence } = route
        const signed = identities[index]!.sign({ $kind: 'blob-certificate', epoch: 1, blobId, persistence })
        return void json(response, 200, successEnvelope(confirmationData(signed)))
      }
      case 'blob-status':
        return void json(response, 200, successEnvelope('nonexistent'))
      default:
        return void absent(response)
    }
  }

  const identities = ports.map((_, index) => createNodeIdentity(signer, index))
  const sockets = new Map<Socket, { read: number; written: number }>()
  for (const [index, port] of ports.entries()) {
    const server = createServer({ highWaterMark: 1024 * 1024 }, (request, response) => {
      traffic.requests++
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => answer(index, request, response, parts))
    })
    server.on('connection', (socket) => {
      sockets.set(socket, { read: 0, written: 0 })
      socket.on('close', () => {
        settle(socket)
        sockets.delete(socket)
      })
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  }
  function settle(socket: Socket): void {
    const seen = sockets.get(socket)!
    traffic.bytesIn += socket.bytesRead - seen.read
    traffic.bytesOut += socket.bytesWritten - seen.written
    seen.read = socket.bytesRead
    seen.written = socket.bytesWritten
  }

  return {
    takeTraffic() {
      for (const socket of sockets.keys()) settle(socket)
      const taken = traffic
      traffic = { requests: 0, bytesIn: 0, bytesOut: 0 }
      return taken
    },
    forget: () => stored.clear(),
  }
}
