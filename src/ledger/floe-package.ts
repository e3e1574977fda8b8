/** The `floe` package as this version of Floe has it, for a network: what is published, and what is compared with. */

import { blake2b256 } from '../crypto/hash.ts'
import { type CompiledPackage, loadPackage, relocatePackage } from '../move/packages.ts'
import { addressToBytes } from './object-id.ts'
import type { LedgerPackage } from './package-answer.ts'

/** Packages that floe is linked to on a network. */
export interface FloeDependencies {
  walPackageId: string
  /** Of the first version: what its types are named after. */
  walrusOriginalId: string
}

const UNPUBLISHED = '0x0'

/** Code of the contract, with the version that it checks repositories for. */
export interface FloeCode {
  compiled: CompiledPackage
  /** `repository::VERSION` in its sources. */
  contract: number
}

/** What this Floe was built with. */
export function ownFloeCode(): FloeCode {
  return { compiled: loadPackage('floe'), contract: FLOE_CONTRACT_VERSION }
}

export const FLOE_CONTRACT_VERSION = 1

export interface PublishableCode {
  modules: number[][]
  dependencies: string[]
}

/** Modules for the publish and upgrade commands, and the packages to link: of walrus its newest version. */
export function floeForPublishing(
  ids: FloeDependencies,
  walrusNewestId: string,
  { compiled } = ownFloeCode(),
): PublishableCode {
  const { modules, dependencies } = floeAt(UNPUBLISHED, ids, compiled)
  return {
    modules: modules.map(({ bytes }) => [...bytes]),
    dependencies: dependencies.map((id) => (id === ids.walrusOriginalId ? walrusNewestId : id)),
  }
}

/** What an upgrade is authorised by: BLAKE2b-256 over the sorted hashes of the modules and ids of the dependencies. */
export function publishingDigest({ modules, dependencies }: PublishableCode): Uint8Array {
  const parts = [...modules.map((bytes) => blake2b256(Uint8Array.from(bytes))), ...dependencies.map(addressToBytes)]
  return blake2b256(...parts.sort((a, b) => Buffer.compare(a, b)))
}

/** True if a published package has the code that this version of Floe was built with, linked to the same packages. */
export function isFloeOfThisVersion(
  published: LedgerPackage,
  ids: FloeDependencies,
  { compiled } = ownFloeCode(),
): boolean {
  const { modules } = floeAt(published.originalId, ids, compiled)
  const byName = new Map(modules.map(({ name, bytes }) => [name, bytes]))
  return (
    published.modules.length === byName.size &&
    published.modules.every(({ name, bytes }) => {
      const own = byName.get(name)
      return own !== undefined && Buffer.compare(own, bytes) === 0
    })
  )
}

function floeAt(floe: string, ids: FloeDependencies, compiled: CompiledPackage) {
  return relocatePackage(compiled, { floe, wal: ids.walPackageId, walrus: ids.walrusOriginalId })
}
