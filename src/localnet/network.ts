/** The assembled local network: a ledger, storage nodes and a control server in this process, state in one folder. */

import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fromHex } from '../base/bytes.ts'
import { createLimit } from '../base/limit.ts'
import { createSharedMemory } from '../erasure/memory.ts'
import { createErasurePool } from '../erasure/pool.ts'
import { PACKAGE_ADDRESSES } from '../move/packages.ts'
import { createChainView } from './chain-view.ts'
import { startControlServer } from './control-server.ts'
import { lockFolder } from './folder-lock.ts'
import { advanceStorageEpoch, runGenesis, updateNodeAddresses } from './genesis.ts'
import type { LocalNetworkInfo } from './info.ts'
import { startLedger } from './ledger/index.ts'
import { createByteBudget } from './nodes/body.ts'
import { createNodeIdentity } from './nodes/identity.ts'
import { createNetworkSigner } from './nodes/signing.ts'
import { createStorageNode, type StorageNode } from './nodes/storage-node.ts'
import { assignShards, catchUp, finishRotation, type RotationParts, rotateShards } from './rotation.ts'
import { type LocalServices, startServices } from './services.ts'
import { divideShards, openState } from './shape.ts'
import { writeNetworkState } from './state-file.ts'
import { upgradeWalrus } from './walrus-upgrade.ts'

export interface LocalNetworkOptions {
  /** Folder of all state; created if missing. Held by one process at a time. */
  dir: string
  /** Storage nodes of a new network (default 13). */
  nodes?: number
  /** Shards of a new network, divided as evenly as possible (default 16 per node). */
  shards?: number
  /** Worker threads that check slivers (default: one per core, at most 4). */
  threads?: number
  /** Sync to disk before a confirmation is signed and a transaction is answered (default true; tests say false). */
  sync?: boolean
  /** Offers an upload relay and an aggregator as well (default false; the shared network does). */
  services?: boolean
  /** Told about failures that have no caller. */
  onWarning?: (warning: Error) => void
  /** How a process that exists for this network is told of leases and asked to end. */
  process?: { leases(count: number): boolean; stay(): void; stop(): void }
}

export interface LocalNetwork extends LocalNetworkInfo, AsyncDisposable {
  readonly dir: string
  /** What the control server wants to see: `authorization: Bearer …`. */
  readonly controlToken: string
  /** Closes a node's listener and its connections; what it stores stays. */
  stopNode(index: number): Promise<void>
  startNode(index: number): Promise<void>
  /** Flips one bit in each of the node's stored slivers, so that it serves wrong bytes without knowing.
   *  @param options.blobId - base64url; default: all blobs
   *  @returns slivers changed */
  corruptNode(index: number, options?: { blobId?: string }): Promise<number>
  /** Moves the storage epoch on by one.
   *  @param options.rotate - with another committee: every node hands one shard on, with all that is stored in it */
  advanceEpoch(options?: { rotate?: boolean }): Promise<number>
  /** Upgrades the walrus package, with its version check: clients have to notice by themselves.
   *  @returns id of the package that is called from now on */
  upgradeWalrus(): Promise<string>
  /** Sends test money: amounts in MIST and FROST. */
  fund(address: string, amounts: { sui?: bigint; wal?: bigint }): Promise<void>
  close(): Promise<void>
}

/** Request bodies in memory over all nodes. */
const BODY_BUDGET_BYTES = 128 * 1024 * 1024

/** Starts the network of a folder, or makes a new one there.
 *  @throws {LocalnetLockedError} LOCALNET_LOCKED if another process holds the folder
 *  @throws {LocalnetMismatchError} LOCALNET_MISMATCH if the folder holds a network of another shape
 *  @throws {LocalnetShapeError} LOCALNET_SHAPE
 *  @throws {LocalnetStateError} LOCALNET_STATE */
export async function startLocalNetwork(options: LocalNetworkOptions): Promise<LocalNetwork> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const closing: (() => Promise<void>)[] = []
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
    const lock = await lockFolder(options.dir)
    closing.push(() => lock.release())
    return await assemble(options, closing, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function assemble(
  options: LocalNetworkOptions,
  closing: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<LocalNetwork> {
  const { dir, sync = true, onWarning = () => {} } = options
  const state = await openState(options)
  const { ids: knownIds, ports } = state

  const pool = createErasurePool({ threads: options.threads ?? defaultThreads() })
  closing.push(() => pool.close())

  const view = createChainView(PACKAGE_ADDRESSES.walrus)
  const budget = createByteBudget(BODY_BUDGET_BYTES)
  const memory = createSharedMemory()
  const signer = createNetworkSigner(fromHex(state.seed))
  const shardsOf = divideShards(state.nodeCount, state.shardCount)
  const nodes = shardsOf.map((shards, index) =>
    createStorageNode({
      dir: join(dir, 'nodes', String(index)),
      identity: createNodeIdentity(signer, index),
      shardCount: state.shardCount,
      shards,
      source: view,
      coder: pool,
      budget,
      memory,
      sync,
      onWarning,
    }),
  )
  closing.push(async () => void (await Promise.all(nodes.map((node) => node.stop()))))
  for (const [index, node] of nodes.entries()) await node.listen(ports.nodes[index]!)

  const openLedger = (port: number) =>
    startLedger({ dir: join(dir, 'ledger'), port, durability: sync ? 'commit' : 'never', onWarning })
  const ledger = await openLedger(ports.rpc).catch((error: NodeJS.ErrnoException) => {
    if (ports.rpc === 0 || (error.code !== 'EADDRINUSE' && error.code !== 'EACCES')) throw error
    return openLedger(0)
  })
  closing.push(() => ledger.close())
  const ids = knownIds ?? (await runGenesis(ledger, nodes.map(genesisNode), state.shardCount))
  // Everything from the start of the ledger to here runs before any request is read, so none sees an old address.
  await updateNodeAddresses(ledger, ids, nodes.map(addressOf))
  const parts: RotationParts = { ledger, ids, view, nodes, shardCount: state.shardCount }
  ledger.onEvent(
    (event) => {
      const { rotations, phase } = view
      view.apply(event)
      if (view.rotations !== rotations || view.phase !== phase) assignShards(parts)
    },
    { from: 0n },
  )
  for (const node of nodes) node.serve()
  const token = randomBytes(32).toString('hex')
  // Fault controls and epochs one at a time: two starts of one node must not both listen.
  const turn = createLimit(1)

  let services: LocalServices | undefined
  const save = async (controlPort: number) => {
    const fixed = { rpc: ledger.port, control: controlPort, nodes: nodes.map((node) => node.port) }
    const now = { ...ports, ...fixed, ...services?.ports }
    await writeNetworkState(dir, { ...state, ids, ports: now })
  }
  const info = (): LocalNetworkInfo => ({
    rpcUrl: ledger.rpcUrl,
    faucetUrl: ledger.faucetUrl,
    controlUrl: `http://127.0.0.1:${control.port}`,
    chainId: ledger.chainId,
    systemObjectId: ids.systemObjectId,
    stakingObjectId: ids.stakingObjectId,
    walPackageId: ids.walPackageId,
    walrusPackageId: ids.walrusPackageId,
    floePackageId: ids.floePackageId,
    exchangeObjectId: ids.exchangeObjectId,
    ...(services ? { relayUrl: services.relayUrl, aggregatorUrl: services.aggregatorUrl } : {}),
    epoch: view.epoch,
    shardCount: state.shardCount,
    nodes: nodes.map((node, index) => ({
      index,
      name: node.identity.name,
      url: `http://${addressOf(node)}`,
      nodeId: ids.nodeIds[index]!,
      shards: node.shards,
      running: node.running,
    })),
  })
  const actions = {
    stopNode: (index: number) => turn.run(() => nodeAt(nodes, index).stop()),
    startNode: (index: number) =>
      turn.run(async () => {
        const node = nodeAt(nodes, index)
        await node.listen(node.port)
        await updateNodeAddresses(ledger, ids, nodes.map(addressOf))
        await catchUp(parts, index)
        await save(control.port)
      }),
    corruptNode: (index: number, blobId: string | undefined) => turn.run(() => nodeAt(nodes, index).corrupt(blobId)),
    advanceEpoch: ({ rotate = false }: { rotate?: boolean } = {}) =>
      turn.run(async () => {
        await finishRotation(parts)
        if (rotate) await rotateShards(parts)
        else await advanceStorageEpoch(ledger, ids)
        return view.epoch
      }),
  }
  const host = options.process
  const control = await startControlServer(ports.control, token, {
    ...actions,
    info,
    leases: (count) => host?.leases(count) ?? true,
    stay: () => host?.stay(),
    stop: host && (() => host.stop()),
  })
  closing.push(() => control.close())
  if (options.services) {
    services = await startServices(info, pool, ports)
    closing.push(() => services!.close())
  }
  await save(control.port)

  await finishRotation(parts)
  for (const node of nodes) await node.collect()
  view.onRelease((text) => {
    for (const node of nodes) node.collect(text).catch(onWarning)
  })

  return {
    ...info(),
    get epoch() {
      return view.epoch
    },
    get nodes() {
      return info().nodes
    },
    dir,
    controlToken: token,
    ...actions,
    corruptNode: (index, { blobId } = {}) => actions.corruptNode(index, blobId),
    upgradeWalrus: () => turn.run(() => upgradeWalrus(ledger, ids)),
    async fund(address, { sui = 0n, wal = 0n }) {
      if (sui > 0n) await ledger.fund(address, sui)
      if (wal > 0n) await ledger.fund(address, wal, `${ids.walPackageId}::wal::WAL`)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function defaultThreads(): number {
  return Math.min(4, availableParallelism())
}

function addressOf(node: StorageNode): string {
  return `127.0.0.1:${node.port}`
}

function genesisNode(node: StorageNode) {
  return { identity: node.identity, networkAddress: addressOf(node), shards: node.shards }
}

function nodeAt(nodes: readonly StorageNode[], index: number): StorageNode {
  const node = nodes[index]
  if (!node) throw new RangeError(`"index" expected 0..${nodes.length - 1}, got ${index}`)
  return node
}
