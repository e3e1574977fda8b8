/** Published packages as the ledger answers them. */

import { LedgerError } from './errors.ts'
import { parseAddress } from './object-id.ts'

export interface LedgerPackage {
  /** Full form; of this version. */
  id: string
  /** Id of its first version, which types are named after. */
  originalId: string
  version: number
  /** Sorted by name. */
  modules: { name: string; bytes: Uint8Array }[]
}

/** Of a package, by the chain's own limit, below 1,000 and 100 KiB; a lying ledger is not believed beyond these. */
const MAX_MODULES = 4096
const MAX_BYTES = 4 * 1024 * 1024

interface PackageAnswer {
  storageId?: string
  originalId?: string
  version?: bigint
  modules: { name?: string; contents?: Uint8Array }[]
}

/** For what is not there: the answer is `null`, every other failure stays one. */
export function absent(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'NOT_FOUND') return null
  throw error
}

/** @throws {LedgerError} LEDGER_ANSWER_MALFORMED */
export function checkedPackage(answer: PackageAnswer, wanted: string): LedgerPackage {
  const modules = answer.modules.map(({ name, contents }) => ({
    name: name ?? '',
    bytes: contents ?? new Uint8Array(),
  }))
  const bytes = modules.reduce((sum, module) => sum + module.bytes.length, 0)
  const isWhole = modules.length > 0 && modules.every((module) => module.name !== '' && module.bytes.length > 0)
  if (
    answer.storageId === undefined ||
    parseAddress(answer.storageId) !== wanted ||
    !isWhole ||
    modules.length > MAX_MODULES ||
    bytes > MAX_BYTES
  )
    throw new LedgerError('LEDGER_ANSWER_MALFORMED', `the ledger answered package ${wanted} with something else`, {
      data: { wanted, got: answer.storageId ?? null, modules: modules.length, bytes },
    })
  return {
    id: wanted,
    originalId: parseAddress(answer.originalId ?? wanted),
    version: Number(answer.version ?? 1n),
    modules: modules.sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}
