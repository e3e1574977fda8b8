import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createNodeClient } from '../../src/node/client.ts'
import { createCommittee } from '../../src/transfer/committee.ts'
import { startFakeNodes } from '../transfer/fake-nodes.ts'
import { type SelfSigned, selfSigned } from './self-signed.ts'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

/** A node behind TLS; counts the requests that reach it. */
async function serve(identity: SelfSigned): Promise<{ url: string; requests(): number }> {
  let requests = 0
  const server = createServer({ key: identity.key, cert: identity.cert }, (_, response) => {
    requests++
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ success: { code: 200, data: { epoch: 3 } } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  )
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: () => requests }
}

describe('a connection to a storage node over TLS', () => {
  it('trusts a self-signed certificate that holds the key on chain, and is used again', async () => {
    const identity = selfSigned()
    const node = await serve(identity)
    const client = createNodeClient({ url: node.url, tlsKey: identity.tlsKey })
    for (let i = 0; i < 3; i++) expect(await client.fetchHealth()).toEqual({ epoch: 3 })
    expect(node.requests()).toBe(3)
  })

  it('is pinned to the key that the chain has for the node, and to no other node’s', async () => {
    const [own, foreign] = [selfSigned(), selfSigned()]
    const [honest, impostor] = [await serve(own), await serve(foreign)]
    await using fake = await startFakeNodes([1, 1, 1, 1])
    const nodes = fake.state.nodes.map((node, at) => ({
      ...node,
      url: at === 0 ? honest.url : impostor.url,
      tlsKey: own.tlsKey,
    }))
    const committee = createCommittee({ ...fake.state, nodes })
    expect(await committee.client(0).fetchHealth()).toEqual({ epoch: 3 })
    await expect(committee.client(1).fetchHealth()).rejects.toMatchObject({ code: 'NODE_KEY_FOREIGN' })
    expect(impostor.requests()).toBe(0)
  })

  it('trusts it also when its time is over, as the official client does', async () => {
    const identity = selfSigned('210101000000Z')
    const node = await serve(identity)
    const client = createNodeClient({ url: node.url, tlsKey: identity.tlsKey })
    expect(await client.fetchHealth()).toEqual({ epoch: 3 })
  })

  it('is refused before anything is sent when the certificate holds another key', async () => {
    const node = await serve(selfSigned())
    const [x] = [selfSigned().tlsKey]
    // The same point mirrored, and another one.
    const identity = selfSigned()
    const mirrored = await serve(identity)
    const other = Uint8Array.from(identity.tlsKey)
    other[0]! ^= 1
    for (const [place, tlsKey] of [
      [node, x!],
      [mirrored, other],
      [mirrored, identity.tlsKey.subarray(1)],
    ] as const) {
      const client = createNodeClient({ url: place.url, tlsKey })
      await expect(client.fetchHealth()).rejects.toMatchObject({
        code: 'NODE_KEY_FOREIGN',
        retryable: false,
      })
      expect(place.requests()).toBe(0)
    }
  })

  it('is refused without a key to compare when nobody vouches for the certificate', async () => {
    const node = await serve(selfSigned())
    await expect(createNodeClient({ url: node.url }).fetchHealth()).rejects.toMatchObject({
      code: 'NODE_UNREACHABLE',
      data: { system: expect.stringMatching(/SELF_SIGNED/) },
    })
    expect(node.requests()).toBe(0)
  })
})
