/** An HTTP proxy in front of a ledger that is cut off after so many requests. */

import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'

export interface CutOffProxy extends AsyncDisposable {
  url: string
  /** Requests that came since `allow`. */
  asked(): number
  /** Passes this many on from now; those after them find the connection closed. */
  allow(requests: number): void
}

/** @param target - base address of the real server */
export async function startCutOffProxy(target: string): Promise<CutOffProxy> {
  let asked = 0
  let allowed = Number.POSITIVE_INFINITY
  const server = createServer((request, response) => {
    asked++
    if (asked > allowed) {
      request.socket.destroy()
      return
    }
    const { host: _, ...headers } = request.headers
    // A connection of its own: one that was kept may have been closed just when it is used again.
    const sent = httpRequest(target + request.url, { method: request.method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      pipeline(answer, response, () => undefined)
    })
    sent.on('error', () => response.destroy())
    pipeline(request, sent, (error) => error && response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    allow(requests) {
      asked = 0
      allowed = requests
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
