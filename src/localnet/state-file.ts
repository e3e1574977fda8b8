/** `network.json`: what makes a folder a certain network. Replaced atomically; readable by its owner only, because the
 *  seed in it is the nodes' signing key. */

import { randomBytes } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { LocalnetStateError } from './errors.ts'

const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))
const objectId = v.pipe(v.string(), v.regex(/^0x[0-9a-f]{64}$/))

const stateSchema = v.strictObject({
  version: v.literal(1),
  nodeCount: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
  shardCount: v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(4096)),
  /** 32 bytes in hex. */
  seed: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  ports: v.strictObject({
    rpc: port,
    control: port,
    nodes: v.pipe(v.array(port), v.maxLength(1000)),
    /** Once they have been offered. */
    relay: v.optional(port),
    aggregator: v.optional(port),
  }),
  /** Absent until genesis has finished: a folder without is started anew. */
  ids: v.optional(
    v.strictObject({
      systemObjectId: objectId,
      stakingObjectId: objectId,
      walPackageId: objectId,
      walrusPackageId: objectId,
      floePackageId: objectId,
      adminCapId: objectId,
      exchangeObjectId: v.optional(objectId),
      nodeIds: v.array(objectId),
    }),
  ),
})

export type NetworkState = v.InferOutput<typeof stateSchema>

const STATE_FILE = 'network.json'

export function newNetworkState(nodeCount: number, shardCount: number): NetworkState {
  return {
    version: 1,
    nodeCount,
    shardCount,
    seed: randomBytes(32).toString('hex'),
    ports: { rpc: 0, control: 0, nodes: Array.from({ length: nodeCount }, () => 0) },
  }
}

/** Undefined in a folder that holds no network.
 *  @throws {LocalnetStateError} LOCALNET_STATE */
export async function readNetworkState(dir: string): Promise<NetworkState | undefined> {
  const path = join(dir, STATE_FILE)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new LocalnetStateError(path, 'not JSON', error)
  }
  const result = v.safeParse(stateSchema, value)
  if (!result.success) throw new LocalnetStateError(path, result.issues[0].message)
  const { nodeCount, ports, ids } = result.output
  if (ports.nodes.length !== nodeCount || (ids && ids.nodeIds.length !== nodeCount))
    throw new LocalnetStateError(path, 'it lists another number of nodes than it has')
  return result.output
}

export async function writeNetworkState(dir: string, state: NetworkState): Promise<void> {
  await writePrivateJson(join(dir, STATE_FILE), state)
}

/** Writes a file that only its owner may read, complete or not at all. */
export async function writePrivateJson(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  const handle = await open(temporary, 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(value, null, 2)}\n`)
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
}
