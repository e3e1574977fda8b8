import { request as httpRequest } from 'node:http'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'
import { encodeFrame } from '../../../src/localnet/rpc/frames.ts'
import { SERVICES } from '../../../src/localnet/rpc/messages.ts'
import { MAX_REQUEST_BYTES } from '../../../src/localnet/rpc/server.ts'
import { startTestLedger, type TestLedger } from '../ledger/test-ledger.ts'

let test: TestLedger
beforeAll(async () => {
  test = await startTestLedger()
})
afterAll(async () => {
  expect(test.warnings).toEqual([])
  await test[Symbol.asyncDispose]()
})

interface Answer {
  http: number
  contentType: string | null
  /** Messages in data frames. */
  messages: Uint8Array[]
  status: number | undefined
  text: string | undefined
}

async function post(path: string, body: Uint8Array, contentType = 'application/grpc-web+proto'): Promise<Answer> {
  const response = await fetch(`${test.ledger.rpcUrl}${path}`, {
    method: 'POST',
    body: body,
    headers: { 'content-type': contentType },
    signal: AbortSignal.timeout(60_000),
  })
  return parse(response.status, response.headers.get('content-type'), new Uint8Array(await response.arrayBuffer()))
}

function parse(http: number, contentType: string | null, bytes: Uint8Array): Answer {
  const messages: Uint8Array[] = []
  let trailer = ''
  const view = Buffer.from(bytes)
  for (let at = 0; http === 200 && at < view.length; ) {
    const length = view.readUInt32BE(at + 1)
    const payload = view.subarray(at + 5, at + 5 + length)
    if (view[at] === 0x80) trailer = payload.toString()
    else messages.push(new Uint8Array(payload))
    at += 5 + length
  }
  const status = /^grpc-status:(\d+)\r\n/m.exec(trailer)?.[1]
  const text = /^grpc-message:(.*)\r\n/m.exec(trailer)?.[1]
  return {
    http,
    contentType,
    messages,
    status: status === undefined ? undefined : Number(status),
    text: text && decodeURIComponent(text),
  }
}

const SERVICE_INFO = '/sui.rpc.v2.LedgerService/GetServiceInfo'
const EMPTY = encodeFrame(0, new Uint8Array(0))

describe('the gRPC-web server', () => {
  it('answers bytes to bytes and to base64 text, with an exact content type', async () => {
    const binary = await post(SERVICE_INFO, EMPTY)
    expect(binary).toMatchObject({ http: 200, contentType: 'application/grpc-web+proto', status: 0 })
    const text = await post(
      SERVICE_INFO,
      Buffer.from(Buffer.from(EMPTY).toString('base64')),
      'application/grpc-web-text',
    )
    expect(text.messages).toEqual(binary.messages)
    expect(text.contentType).toBe('application/grpc-web+proto')
  })

  it('serves the client in either format', async () => {
    for (const format of ['binary', 'text'] as const) {
      const client = new SuiGrpcClient({ network: 'localnet', baseUrl: test.ledger.rpcUrl, format })
      expect((await client.getChainIdentifier()).chainIdentifier).toBe(test.ledger.chainId)
    }
  })

  it('lets browsers in', async () => {
    const response = await fetch(`${test.ledger.rpcUrl}${SERVICE_INFO}`, { method: 'OPTIONS' })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-headers')).toBe('*')
    const answer = await fetch(`${test.ledger.rpcUrl}${SERVICE_INFO}`, {
      method: 'POST',
      body: EMPTY,
      headers: { 'content-type': 'application/grpc-web+proto', origin: 'http://localhost:3000' },
    })
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    await answer.arrayBuffer()
  })

  it('answers every method that the client knows, with a result or a refusal', async () => {
    const unimplemented: string[] = []
    for (const service of SERVICES) {
      for (const method of service.methods) {
        // Endless streams answer at once too, but never end.
        if (method.name.startsWith('Subscribe')) continue
        const { http, status, text } = await post(`/${service.typeName}/${method.name}`, EMPTY)
        expect({ method: method.name, http }).toEqual({ method: method.name, http: 200 })
        expect([0, 3, 5, 12]).toContain(status)
        if (status === 12) unimplemented.push(text!.split(' ')[0]!)
      }
    }
    expect(unimplemented).toEqual([])
  })

  it('says UNIMPLEMENTED, not "not found", for methods and services it has never heard of', async () => {
    for (const path of [
      '/sui.rpc.v2.LedgerService/Nothing',
      '/sui.rpc.v3.LedgerService/GetObject',
      '/',
      '/__proto__',
    ]) {
      expect(await post(path, EMPTY)).toMatchObject({ http: 200, status: 12 })
    }
    expect((await fetch(`${test.ledger.rpcUrl}/anything`)).status).toBe(404)
    expect((await post(SERVICE_INFO, EMPTY, 'application/json')).http).toBe(415)
  })

  it('refuses a body above the limit, announced or not', async () => {
    const large = new Uint8Array(MAX_REQUEST_BYTES + 1)
    expect(await post(SERVICE_INFO, large)).toMatchObject({ status: 8 })
    // Sent in pieces without a length: the connection may be cut, but memory stays bounded.
    const status = await new Promise<number | 'cut'>((resolve) => {
      const request = httpRequest(
        `${test.ledger.rpcUrl}${SERVICE_INFO}`,
        { method: 'POST', headers: { 'content-type': 'application/grpc-web+proto' } },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', () => resolve('cut'))
          response.on('end', () => resolve(parse(200, '', Buffer.concat(chunks)).status ?? 'cut'))
        },
      )
      request.on('error', () => resolve('cut'))
      for (let sent = 0; sent < 3 * MAX_REQUEST_BYTES; sent += 65_536) request.write(Buffer.alloc(65_536))
      request.end()
    })
    expect([8, 'cut']).toContain(status)
    expect((await post(SERVICE_INFO, EMPTY)).status).toBe(0)
  })

  it('survives random bytes on every method', async () => {
    const rng = createRng(2024)
    const paths = SERVICES.flatMap((service) =>
      service.methods
        .filter((method) => !method.name.startsWith('Subscribe'))
        .map((method) => `/${service.typeName}/${method.name}`),
    )
    for (let round = 0; round < 250; round++) {
      const payload = rng.fill(new Uint8Array(rng.below(64)))
      const body = rng.below(5) === 0 ? payload : encodeFrame(0, payload)
      const { http, status } = await post(paths[rng.below(paths.length)]!, body)
      expect(http).toBe(200)
      expect([0, 3, 5, 9, 12]).toContain(status)
    }
  })

  it('survives mutated requests that were valid', async () => {
    const rng = createRng(7)
    const { Proto } = await import('../../../src/localnet/rpc/messages.ts')
    const id = { objectId: test.counterId }
    const simulate = Proto.SimulateTransactionRequest.toBinary({
      transaction: Proto.Transaction.create({
        sender: test.counterId,
        kind: {
          data: {
            oneofKind: 'programmableTransaction',
            programmableTransaction: {
              inputs: [{ ...id }, { kind: Proto.Input_InputKind.PURE, pure: new Uint8Array(8) }],
              commands: [
                {
                  command: {
                    oneofKind: 'moveCall',
                    moveCall: {
                      package: test.counterPackageId,
                      module: 'counter',
                      function: 'bump',
                      typeArguments: [],
                      arguments: [
                        { kind: Proto.Argument_ArgumentKind.INPUT, input: 0 },
                        { kind: Proto.Argument_ArgumentKind.INPUT, input: 1 },
                      ],
                    },
                  },
                },
              ],
            },
          },
        },
      }),
      checks: Proto.SimulateTransactionRequest_TransactionChecks.DISABLED,
    })
    const requests: [string, Uint8Array][] = [
      ['/sui.rpc.v2.TransactionExecutionService/SimulateTransaction', simulate],
      [
        '/sui.rpc.v2.LedgerService/BatchGetObjects',
        Proto.BatchGetObjectsRequest.toBinary({ requests: [id], readMask: { paths: ['contents', 'owner'] } }),
      ],
      ['/sui.rpc.v2.StateService/ListDynamicFields', Proto.ListDynamicFieldsRequest.toBinary({ parent: id.objectId })],
      [
        '/sui.rpc.v2.LedgerService/ListEvents',
        Proto.ListEventsRequest.toBinary({ options: { limit: 3, after: new Uint8Array([49]) } }),
      ],
      [
        '/sui.rpc.v2.StateService/ListOwnedObjects',
        Proto.ListOwnedObjectsRequest.toBinary({ owner: id.objectId, objectType: '0x2::coin::Coin<0x2::sui::SUI>' }),
      ],
    ]
    expect((await post(requests[0]![0], encodeFrame(0, requests[0]![1]))).status).toBe(0)
    for (let round = 0; round < 300; round++) {
      const [path, valid] = requests[rng.below(requests.length)]!
      const bytes = valid.slice()
      for (let flips = 1 + rng.below(3); flips > 0; flips--) bytes[rng.below(bytes.length)] = rng.below(256)
      const { http, status, text } = await post(path, encodeFrame(0, bytes))
      expect(http).toBe(200)
      expect({ status, text, internal: status === 13 }).toMatchObject({ internal: false })
    }
  })

  it('goes on after clients that vanish in the middle', async () => {
    for (let i = 0; i < 20; i++) {
      const controller = new AbortController()
      const call = test.client.subscriptionService.subscribeTransactions({}, { abort: controller.signal })
      const reading = (async () => {
        for await (const _frame of call.responses) controller.abort()
      })()
      await reading.catch(() => {})
      await Promise.allSettled([call.headers, call.status, call.trailers])
    }
    expect((await post(SERVICE_INFO, EMPTY)).status).toBe(0)
  })
})
