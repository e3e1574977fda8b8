/** The `floe` package as this version of Floe has it, for a network: what is published, and what is compared with. */

import { loadPackage, relocatePackage } from '../move/packages.ts'
import type { LedgerPackage } from './package-answer.ts'

/** Packages that floe is linked to on a network. */
export interface FloeDependencies {
  walPackageId: string
  /** Of the first version: what its types are named after. */
  walrusOriginalId: string
}

const UNPUBLISHED = '0x0'

/** Modules for the publish command, and the packages to link: of walrus its newest version. */
export function floeForPublishing(
  ids: FloeDependencies,
  walrusNewestId: string,
): { modules: number[][]; dependencies: string[] } {
  const { modules, dependencies } = floeAt(UNPUBLISHED, ids)
  return {
    modules: modules.map(({ bytes }) => [...bytes]),
    dependencies: dependencies.map((id) => (id === ids.walrusOriginalId ? walrusNewestId : id)),
  }
}

/** True if a published package has the code that this version of Floe was built with, linked to the same packages. */
export function isFloeOfThisVersion(published: LedgerPackage, ids: FloeDependencies): boolean {
  const { modules } = floeAt(published.originalId, ids)
  const byName = new Map(modules.map(({ name, bytes }) => [name, bytes]))
  return (
    published.modules.length === byName.size &&
    published.modules.every(({ name, bytes }) => {
      const own = byName.get(name)
      return own !== undefined && Buffer.compare(own, bytes) === 0
    })
  )
}

function floeAt(floe: string, ids: FloeDependencies) {
  return relocatePackage(loadPackage('floe'), { floe, wal: ids.walPackageId, walrus: ids.walrusOriginalId })
}
