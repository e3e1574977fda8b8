/** The commands Publish and Upgrade: a new package object, linked against its dependencies, with its types' origins. */

import { fromBase64 } from '@mysten/sui/utils'
import { compareBytes } from '../../base/bytes.ts'
import { blake2b256 } from '../../crypto/hash.ts'
import { callFunction } from '../movevm/interpreter.ts'
import { MAX_PACKAGE_BYTES } from '../movevm/limits.ts'
import type { LoadedPackage } from '../movevm/loaded-package.ts'
import { type MoveModule, referencedPackages } from '../movevm/module.ts'
import { substituteAddresses } from '../movevm/module-addresses.ts'
import { readModule } from '../movevm/module-reader.ts'
import { isOneTimeWitness } from '../movevm/natives.ts'
import type { LinkageEntry, PackageData, TypeOrigin } from '../movevm/package.ts'
import { findObstacle } from '../movevm/publish-check.ts'
import { addressBytes, datatypeType, normalizeAddress, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { isUpgradable, type UpgradePolicy } from '../movevm/upgrade-check.ts'
import { expectBytes, Reference, Struct, type Value } from '../movevm/values.ts'
import { addressOfId } from './execution-objects.ts'
import { createObject, type LedgerObject, type LedgerPackage, ZERO_DIGEST } from './object.ts'
import { makeUid } from './ptb-coins.ts'
import { argumentFailure, failure } from './ptb-failure.ts'
import type { Run } from './ptb-run.ts'
import { Borrows, resultSlot, type Slot } from './ptb-values.ts'
import type { Command } from './transaction.ts'

const ZERO_ADDRESS = normalizeAddress('0x0')
const UPGRADE_CAP = datatypeType(SUI_FRAMEWORK_ADDRESS, 'package', 'UpgradeCap')
const UPGRADE_TICKET = datatypeType(SUI_FRAMEWORK_ADDRESS, 'package', 'UpgradeTicket')
const UPGRADE_RECEIPT = datatypeType(SUI_FRAMEWORK_ADDRESS, 'package', 'UpgradeReceipt')

interface NewModule {
  readonly module: MoveModule
  readonly bytes: Uint8Array
}

/** Packages written by the running transaction. */
export type PublishedPackages = Map<string, LedgerPackage>

export function runPublish(run: Run, command: NonNullable<Command['Publish']>, published: PublishedPackages): Slot[] {
  const compiled = readModules(command.modules)
  const id = publishedId(run, compiled)
  const modules = withAddress(compiled, id)
  const dependencies = openDependencies(run, command.dependencies)
  const typeOrigins = originsOf(modules, () => id)
  const linkage = linkageOf(modules, dependencies, id)
  storePackage(run, published, { id, version: 1n, modules, typeOrigins, linkage })
  for (const { module } of modules) runInit(run, id, module.name)
  const layout = run.loader.layout(UPGRADE_CAP)
  const [uid, packageId] = layout.fields!.map((field) => field.type)
  const cap = new Struct(layout, [makeUid(run.loader, uid, run.objects.freshId()), makeId(run, packageId!, id), 1n, 0])
  return [resultSlot(UPGRADE_CAP, cap)]
}

export function runUpgrade(run: Run, command: NonNullable<Command['Upgrade']>, published: PublishedPackages): Slot[] {
  const compiled = readModules(command.modules)
  const dependencyIds = command.dependencies.map(normalizeAddress)
  const currentId = normalizeAddress(command.package)
  const ticketSlot = run.args.slot(command.ticket, 0)
  if (ticketSlot.type?.key !== UPGRADE_TICKET.key) throw argumentFailure(0, 'TypeMismatch')
  const ticket = run.args.byValue(ticketSlot, 0, UPGRADE_TICKET, new Borrows()) as Struct
  const [capId, ticketPackage, policy, digest] = ticket.fields
  const current = openCurrent(run, currentId, addressOfId(ticketPackage))
  const expected = packageDigest(command.modules.map(fromBase64), dependencyIds)
  if (compareBytes(expected, expectBytes(digest)) !== 0) {
    throw failure('PackageUpgradeError', { upgradeError: { DigestDoesNotMatch: { digest: [...expected] } } })
  }
  const originalId = current.originalId
  for (const { module } of compiled) assertUnpublished(module)
  const modules = withAddress(compiled, originalId)
  checkUpgrade(current, modules, policy as number)
  const id = run.objects.nextId()
  const typeOrigins = originsOf(modules, (name) => current.origins.get(name) ?? id)
  const linkage = linkageOf(modules, openDependencies(run, command.dependencies), originalId)
  storePackage(run, published, { id, version: current.stored.version + 1n, modules, typeOrigins, linkage })
  const layout = run.loader.layout(UPGRADE_RECEIPT)
  return [resultSlot(UPGRADE_RECEIPT, new Struct(layout, [capId!, makeId(run, layout.fields![1]!.type, id)]))]
}

/** BLAKE2b-256 over the sorted hashes of the modules and ids of the dependencies: what an upgrade is authorised by. */
export function packageDigest(modules: readonly Uint8Array[], dependencies: readonly string[]): Uint8Array {
  const parts = [...modules.map((bytes) => blake2b256(bytes)), ...dependencies.map(addressBytes)]
  return blake2b256(...parts.sort(compareBytes))
}

function readModules(encoded: readonly string[]): NewModule[] {
  if (encoded.length === 0) throw failure('VMVerificationOrDeserializationError')
  const modules = encoded.map((text) => {
    const bytes = fromBase64(text)
    return { module: readModule(bytes), bytes }
  })
  const size = modules.reduce((sum, { bytes }) => sum + bytes.length, 0)
  if (size > MAX_PACKAGE_BYTES) {
    throw failure('MovePackageTooBig', { objectSize: String(size), maxObjectSize: String(MAX_PACKAGE_BYTES) })
  }
  for (const { module } of modules) {
    const obstacle = findObstacle(module)
    if (obstacle)
      throw failure(obstacle === 'abilities' ? 'VMVerificationOrDeserializationError' : 'SuiMoveVerificationError')
  }
  const names = new Set(modules.map(({ module }) => module.name))
  if (names.size !== modules.length) throw failure('VMVerificationOrDeserializationError')
  return modules
}

function assertUnpublished(module: MoveModule): void {
  if (module.address !== ZERO_ADDRESS) throw failure('PublishErrorNonZeroAddress')
}

/** A fresh id; at genesis, the address that is already in the bytecode. */
function publishedId(run: Run, modules: readonly NewModule[]): string {
  const [first] = modules
  if (run.mode === 'genesis' && first!.module.address !== ZERO_ADDRESS) {
    const { address } = first!.module
    if (modules.some(({ module }) => module.address !== address)) throw failure('PublishErrorNonZeroAddress')
    return address
  }
  for (const { module } of modules) assertUnpublished(module)
  return run.objects.nextId()
}

/** The modules with 0x0 replaced by the package's (original) id. */
function withAddress(modules: readonly NewModule[], address: string): NewModule[] {
  return modules.map(({ module, bytes }) => {
    if (module.address === address) return { module, bytes }
    const placed = substituteAddresses(bytes, new Map([[ZERO_ADDRESS, address]]))
    return { module: readModule(placed), bytes: placed }
  })
}

function openDependencies(run: Run, ids: readonly string[]): LoadedPackage[] {
  return ids.map((id) => {
    const stored = run.loader.tryPackage(normalizeAddress(id))
    if (!stored) throw failure('PublishUpgradeMissingDependency')
    return stored
  })
}

/** Every package that the code refers to, directly or through another, at one version.
 *  @param self - address in the package's own bytecode */
function linkageOf(
  modules: readonly NewModule[],
  dependencies: readonly LoadedPackage[],
  self: string,
): Map<string, LinkageEntry> {
  const linkage = new Map<string, LinkageEntry>()
  for (const { originalId, stored } of dependencies) {
    if (linkage.has(originalId)) throw failure('InvalidLinkage')
    linkage.set(originalId, { packageId: stored.id, version: stored.version })
  }
  for (const { module } of modules) {
    for (const id of referencedPackages(module)) {
      if (id !== self && !linkage.has(id)) throw failure('PublishUpgradeMissingDependency')
    }
  }
  for (const { stored } of dependencies) {
    for (const [originalId, entry] of stored.data.linkage) {
      const linked = linkage.get(originalId)
      if (!linked) throw failure('PublishUpgradeMissingDependency')
      if (linked.version < entry.version) throw failure('PublishUpgradeDependencyDowngrade')
    }
  }
  return new Map([...linkage].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** @param origin - defining package of `module::Name` */
function originsOf(modules: readonly NewModule[], origin: (name: string) => string): TypeOrigin[] {
  return modules.flatMap(({ module }) =>
    [...module.structDefinitions, ...module.enumDefinitions].map(({ handle }) => {
      const datatype = module.identifiers[module.datatypeHandles[handle]!.name]!
      return { module: module.name, datatype, packageId: origin(`${module.name}::${datatype}`) }
    }),
  )
}

interface PackageParts {
  id: string
  version: bigint
  modules: readonly NewModule[]
  typeOrigins: readonly TypeOrigin[]
  linkage: ReadonlyMap<string, LinkageEntry>
}

function storePackage(run: Run, published: PublishedPackages, parts: PackageParts): void {
  const stored = packageObject(parts)
  if (run.loader.tryPackage(parts.id)) throw failure('VMInvariantViolation')
  run.loader.addPackage(stored)
  // Whatever does not link is found now rather than by a later call.
  run.loader.linkage(parts.id).verify()
  published.set(parts.id, stored)
}

function packageObject({ id, version, modules, typeOrigins, linkage }: PackageParts): LedgerPackage {
  const byName = [...modules].sort((a, b) => (a.module.name < b.module.name ? -1 : 1))
  const data: PackageData = {
    kind: 'package',
    modules: new Map(byName.map(({ module, bytes }) => [module.name, bytes])),
    typeOrigins,
    linkage,
  }
  const object: LedgerObject = createObject({
    id,
    version,
    owner: { kind: 'immutable' },
    previousTransaction: ZERO_DIGEST,
    storageRebate: 0n,
    data,
  })
  return object as LedgerPackage
}

function runInit(run: Run, packageId: string, moduleName: string): void {
  const linkage = run.loader.linkage(packageId)
  const module = linkage.module(linkage.root.originalId, moduleName)
  if (!module.loaded.functions.has('init')) return
  const instance = module.function('init').instance([])
  const args: Value[] = instance.parameters.map((type) => {
    if (type.kind === 'reference') return new Reference([run.txContext()], 0)
    if (type.kind !== 'datatype' || !isOneTimeWitness(type, run.loader.layout))
      throw failure('SuiMoveVerificationError')
    return new Struct(run.loader.layout(type), [false])
  })
  run.objects.caller = { packageId, module: moduleName }
  callFunction(run.machine, instance, args)
}

function makeId(run: Run, type: { kind: string }, id: string): Struct {
  const layout = run.loader.layout(type as Parameters<typeof run.loader.layout>[0])
  return new Struct(layout, [id])
}

function openCurrent(run: Run, packageId: string, ticketId: string): LoadedPackage {
  const upgradeFailure = (upgradeError: unknown) => failure('PackageUpgradeError', { upgradeError })
  if (packageId !== ticketId) throw upgradeFailure({ PackageIDDoesNotMatch: { packageId, ticketId } })
  const current = run.loader.tryPackage(packageId)
  if (!current) throw upgradeFailure({ UnableToFetchPackage: { packageId } })
  return current
}

function checkUpgrade(current: LoadedPackage, modules: readonly NewModule[], policy: number): void {
  const policies: Readonly<Record<number, UpgradePolicy>> = {
    0: 'compatible',
    128: 'additive',
    192: 'dependencies-only',
  }
  const known = policies[policy]
  if (!known) throw failure('PackageUpgradeError', { upgradeError: { UnknownUpgradePolicy: { policy } } })
  const next = new Map(modules.map(({ module }) => [module.name, module]))
  const before = new Map([...current.modules].map(([name, { module }]) => [name, module]))
  if (!isUpgradable(before, next, known)) {
    throw failure('PackageUpgradeError', { upgradeError: { IncompatibleUpgrade: true } })
  }
}
