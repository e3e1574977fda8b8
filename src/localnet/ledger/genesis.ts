/** The first state of a ledger: system packages, clock and treasury as bare objects; everything else by transactions of
 *  `SYSTEM_ADDRESS`, so that it has a history like anything later. */

import { randomBytes } from 'node:crypto'
import { toBase58, toBase64 } from '@mysten/sui/utils'
import type { MoveModule } from '../movevm/module.ts'
import { readModule } from '../movevm/module-reader.ts'
import type { LinkageEntry, PackageData, TypeOrigin } from '../movevm/package.ts'
import { addressBytes, normalizeAddress } from '../movevm/types.ts'
import type { Chain } from './chain.ts'
import { createClock } from './clock-object.ts'
import { committedTransaction } from './committed.ts'
import { GRPC, invalidArgument, LedgerError } from './errors.ts'
import {
  type CommittedTransaction,
  type GenesisOptions,
  type GenesisPackage,
  type GenesisResult,
  SYSTEM_ADDRESS,
  type TransactionPlan,
} from './handle.ts'
import { createObject, type LedgerObject, ZERO_DIGEST } from './object.ts'
import { privilegedTransaction } from './partial-transaction.ts'
import { RECORD_FORMAT } from './record.ts'
import { createTreasury } from './treasury.ts'

const DAY_MS = 86_400_000
const DEFAULT_GAS_PRICE = 1000n
const SYSTEM_PACKAGES: ReadonlySet<string> = new Set(['0x1', '0x2', '0x3'].map(normalizeAddress))

/** Fills an empty ledger.
 *  @throws {LedgerError} LEDGER_NOT_EMPTY, LEDGER_PRIVILEGED_FAILED */
export function runGenesis(chain: Chain, options: GenesisOptions): GenesisResult {
  if (chain.state.header) {
    throw new LedgerError('LEDGER_NOT_EMPTY', GRPC.FAILED_PRECONDITION, 'the ledger already has a genesis', {
      hints: ['delete its folder to begin again'],
    })
  }
  const genesisMs = chain.nowMs()
  chain.initialise({
    kind: 'header',
    format: RECORD_FORMAT,
    chainId: toBase58(randomBytes(32)),
    genesisMs,
    referenceGasPrice: options.referenceGasPrice ?? DEFAULT_GAS_PRICE,
    epochDurationMs: options.epochDurationMs ?? DAY_MS,
  })
  chain.setStatus({ epochStartMs: genesisMs })
  const ids = new Map<string, string>()
  const system = options.packages.filter(isSystem)
  chain.setObjects([
    ...system.map((item) => systemPackage(item, ids)),
    createClock(genesisMs, ZERO_DIGEST),
    createTreasury(),
  ])
  const publications = new Map<string, CommittedTransaction>()
  for (const item of options.packages) {
    if (!isSystem(item)) publications.set(item.name, publish(chain, item, ids))
  }
  chain.setStatus({ initialised: true })
  return { packages: ids, publications }
}

function isSystem(item: GenesisPackage): boolean {
  return item.id !== undefined && SYSTEM_PACKAGES.has(normalizeAddress(item.id))
}

function dependencyId(dependency: string, ids: ReadonlyMap<string, string>): string {
  return ids.get(dependency) ?? normalizeAddress(dependency)
}

/** A system package as an object: nobody published it, so it has no UpgradeCap and runs no `init`. */
function systemPackage(item: GenesisPackage, ids: Map<string, string>): LedgerObject {
  const id = normalizeAddress(item.id!)
  const modules = item.modules.map((bytes) => ({ bytes, module: readModule(bytes) }))
  modules.sort((a, b) => (a.module.name < b.module.name ? -1 : 1))
  const linkage = new Map<string, LinkageEntry>()
  for (const dependency of item.dependencies.map((name) => dependencyId(name, ids)).sort()) {
    if (dependency !== id) linkage.set(dependency, { packageId: dependency, version: 1n })
  }
  const data: PackageData = {
    kind: 'package',
    modules: new Map(modules.map(({ bytes, module }) => [module.name, bytes])),
    typeOrigins: modules.flatMap(({ module }) => typeOrigins(module, id)),
    linkage,
  }
  for (const { module } of modules) {
    if (module.address !== id) throw invalidArgument(`module ${module.name} has address ${module.address}, not ${id}`)
  }
  ids.set(item.name, id)
  return createObject({
    id,
    version: 1n,
    owner: { kind: 'immutable' },
    previousTransaction: ZERO_DIGEST,
    storageRebate: 0n,
    data,
  })
}

function typeOrigins(module: MoveModule, packageId: string): TypeOrigin[] {
  return [...module.structDefinitions, ...module.enumDefinitions].map(({ handle }) => ({
    module: module.name,
    datatype: module.identifiers[module.datatypeHandles[handle]!.name]!,
    packageId,
  }))
}

function publish(chain: Chain, item: GenesisPackage, ids: Map<string, string>): CommittedTransaction {
  const plan: TransactionPlan = {
    inputs: [{ $kind: 'Pure', Pure: { bytes: toBase64(addressBytes(SYSTEM_ADDRESS)) } }],
    commands: [
      {
        $kind: 'Publish',
        Publish: {
          modules: item.modules.map(toBase64),
          dependencies: item.dependencies.map((dependency) => dependencyId(dependency, ids)),
        },
      },
      {
        $kind: 'TransferObjects',
        TransferObjects: {
          objects: [{ $kind: 'Result', Result: 0 }],
          address: { $kind: 'Input', Input: 0 },
        },
      },
    ],
  }
  const unique = { chainId: chain.chainId, nonce: Number(chain.state.checkpoint) }
  const record = chain.executePrivileged(privilegedTransaction(SYSTEM_ADDRESS, plan, unique))
  const created = record.changed.find((object) => object.type === 'package')
  if (!record.success || !created) {
    throw new LedgerError(
      'LEDGER_PRIVILEGED_FAILED',
      GRPC.FAILED_PRECONDITION,
      `package ${item.name} could not be published: ${record.error}`,
      { data: { package: item.name } },
    )
  }
  if (item.id !== undefined && created.id !== normalizeAddress(item.id)) {
    throw invalidArgument(`package ${item.name} was published as ${created.id}, not ${item.id}`)
  }
  ids.set(item.name, created.id)
  return committedTransaction(record)
}
