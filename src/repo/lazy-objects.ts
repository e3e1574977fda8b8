/** Objects that a workspace lacks, from a remote that is connected only when the first of them is asked for. */

import type { ReadObject } from '../objects/reader.ts'
import { cachedObjects } from './download.ts'
import type { RemoteOptions } from './remote-options.ts'
import { openRemoteSource, type RemoteSource } from './remote-source.ts'

export interface RemotePlace {
  network: string
  repository: string
  options: RemoteOptions
  /** Pushes that have been seen there: fewer are an end point that lags behind (default: none has been). */
  seen?: number | undefined
}

export interface LazyObjects extends AsyncDisposable {
  /** From the cache of the user's workspaces, else from the packs of any ref of the remote. */
  readonly read: ReadObject
  /** Bytes taken from storage nodes so far. */
  readonly downloadedBytes: number
}

/** @param connect - called once, when it is needed */
export function lazyObjects(connect: () => Promise<RemotePlace>): LazyObjects {
  let opened: Promise<{ source: RemoteSource; read: ReadObject; bytes: () => number }> | undefined
  let downloaded = () => 0
  async function open() {
    const { network, repository, options, seen } = await connect()
    const source = await openRemoteSource(network, repository, options, seen)
    const objects = await source.objects(source.refs.map(source.recordOf))
    downloaded = () => objects.downloadedBytes
    return { source, read: cachedObjects(source.cache, objects.read), bytes: downloaded }
  }
  return {
    async read(kind, id, options) {
      opened ??= open()
      return (await opened).read(kind, id, options)
    },
    get downloadedBytes() {
      return downloaded()
    },
    async [Symbol.asyncDispose]() {
      // A connection that failed has been told to whoever asked.
      const connection = await opened?.catch(() => undefined)
      await connection?.source[Symbol.asyncDispose]()
    },
  }
}
