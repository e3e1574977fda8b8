/** One storage node: a store, an identity and a listener on 127.0.0.1 that fault controls can close and reopen. */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fromBase64Url } from '../../codec/base64url.ts'
import type { JobMemory } from '../../erasure/memory.ts'
import { errorEnvelope } from '../../protocol/envelope.ts'
import { BlobStore } from './blob-store.ts'
import type { ByteBudget } from './body.ts'
import { dispatch } from './dispatch.ts'
import type { NodeIdentity } from './identity.ts'
import type { NodeContext, SliverCoder } from './node-context.ts'
import type { RegistrationSource } from './registration.ts'
import { receiveShards, type ShardSync } from './shard-sync.ts'

export interface StorageNodeOptions {
  /** Folder of this node. */
  dir: string
  identity: NodeIdentity
  shardCount: number
  shards: readonly number[]
  source: RegistrationSource
  coder: SliverCoder
  budget: ByteBudget
  memory: JobMemory
  /** Sync before a confirmation is signed. */
  sync: boolean
  onWarning: (warning: Error) => void
}

export interface StorageNode {
  readonly identity: NodeIdentity
  readonly shards: readonly number[]
  /** For the nodes beside it. */
  readonly context: NodeContext
  /** 0 before the first `listen`. */
  readonly port: number
  readonly running: boolean
  /** Opens the listener, on the port given if it is free, else on another.
   *  @returns the port */
  listen(port: number): Promise<number>
  /** Until then every request is answered with 503: the committee record may still name another port. */
  serve(): void
  /** Closes the listener and all connections. */
  stop(): Promise<void>
  /** @param former - shards that are still read here while the epoch changes */
  assign(shards: readonly number[], former: readonly number[]): void
  /** Gets what it lacks of these shards. */
  receive(shards: readonly number[], others: readonly StorageNode[]): Promise<ShardSync>
  /** Flips a bit in each stored sliver. @returns slivers changed */
  corrupt(blobIdText?: string): Promise<number>
  /** Deletes what no registration keeps.
   *  @param blobIdText - default: looks at everything stored */
  collect(blobIdText?: string): Promise<void>
}

const HOST = '127.0.0.1'
/** The official client opens one connection per sliver it sends at once. */
const MAX_CONNECTIONS = 4096

export function createStorageNode(options: StorageNodeOptions): StorageNode {
  const { identity, source, onWarning } = options
  let shards = options.shards
  const startedAt = performance.now()
  const store = new BlobStore(options.dir)
  const context: NodeContext & { shards: ReadonlySet<number>; formerShards: ReadonlySet<number> } = {
    name: identity.name,
    shardCount: options.shardCount,
    shards: new Set(shards),
    formerShards: new Set(),
    publicKey: identity.publicKey,
    source,
    store,
    coder: options.coder,
    budget: options.budget,
    memory: options.memory,
    sync: options.sync,
    sign: (message) => identity.sign(message),
    uptimeMs: () => performance.now() - startedAt,
  }
  let server: Server | undefined
  let port = 0
  let serving = false

  const createListener = () =>
    createServer((request, response) => {
      if (serving) return void dispatch(context, request, response, onWarning)
      const { httpStatus, body } = errorEnvelope('UNAVAILABLE', 'the network is starting')
      response.writeHead(httpStatus, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })

  const releaseIfUnused = async (text: string) => {
    if (source.registrations(text).length === 0 || source.invalidated(text)) await store.delete(fromBase64Url(text))
  }

  return {
    identity,
    context,
    get shards() {
      return shards
    },
    get port() {
      return port
    },
    get running() {
      return server !== undefined
    },
    async listen(preferred) {
      if (server) return port
      const listener = createListener()
      // Readers keep connections over pauses between steps of a push.
      listener.keepAliveTimeout = 30_000
      listener.maxConnections = MAX_CONNECTIONS
      port = await bind(listener, preferred)
      server = listener
      return port
    },
    serve() {
      serving = true
    },
    async stop() {
      const listener = server
      server = undefined
      if (!listener) return
      await new Promise<void>((resolve) => {
        listener.close(() => resolve())
        listener.closeAllConnections()
      })
    },
    assign(now, former) {
      shards = now
      context.shards = new Set(now)
      context.formerShards = new Set(former)
    },
    receive(wanted, others) {
      return receiveShards(
        context,
        wanted,
        others.map((other) => other.context),
      )
    },
    async corrupt(blobIdText) {
      let changed = 0
      for (const text of blobIdText === undefined ? await store.list() : [blobIdText]) {
        const stored = await store.find(fromBase64Url(text))
        changed += (await stored?.file.corrupt()) ?? 0
      }
      return changed
    },
    async collect(blobIdText) {
      for (const text of blobIdText === undefined ? await store.list() : [blobIdText]) await releaseIfUnused(text)
    },
  }
}

/** Listens on the preferred port, or on a free one where that is taken. */
async function bind(server: Server, preferred: number): Promise<number> {
  try {
    return await listenOn(server, preferred)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (preferred === 0 || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error
    return listenOn(server, 0)
  }
}

function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, () => {
      server.removeListener('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}
