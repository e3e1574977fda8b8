/** Failed transactions as coded errors: (package, module, code) → what happened and what to do.
 *
 *  Names and sentences come from the bindings, which are generated from the Move packages. The table here adds what a
 *  user can do about those a user can meet; the others say their name and stay exit 1, with a hint from `abort-hints.ts`
 *  for each of `floe`. */

import type { ErrorKind, FloeError } from '../base/errors.ts'
import { FLOE_ABORT_HINTS } from './abort-hints.ts'
import { ABORT_CODES as FLOE } from './bindings/floe/abort-codes.ts'
import { ABORT_CODES as MOVE_STDLIB } from './bindings/move-stdlib/abort-codes.ts'
import { ABORT_CODES as SUI_FRAMEWORK } from './bindings/sui-framework/abort-codes.ts'
import { ABORT_CODES as WAL } from './bindings/wal/abort-codes.ts'
import { ABORT_CODES as WAL_EXCHANGE } from './bindings/wal-exchange/abort-codes.ts'
import { ABORT_CODES as WALRUS } from './bindings/walrus/abort-codes.ts'
import { AuthError, LedgerError, TransactionFailedError } from './errors.ts'
import { parseAddress } from './object-id.ts'

/** Package address (full form) → name in the table (`floe`, `walrus`, `wal`). */
export type AbortHints = ReadonlyMap<string, string>

/** The parts of the official client's ExecutionError that are read. */
export interface ExecutionFailure {
  message: string
  command?: number
  $kind?: string
  MoveAbort?: {
    abortCode: string
    location?: { package?: string; module?: string; functionName?: string }
  }
}

interface AbortEntry {
  name: string
  code: number
  doc: string
}

/** Package → module → constant → code and meaning. */
const ABORTS = {
  'move-stdlib': MOVE_STDLIB,
  'sui-framework': SUI_FRAMEWORK,
  wal: WAL,
  wal_exchange: WAL_EXCHANGE,
  walrus: WALRUS,
  floe: FLOE,
} as const

type Aborts = typeof ABORTS
type ModulesOf<P extends keyof Aborts> = keyof Aborts[P] & string

/** Every constant that there is, `package::module::ENAME`: a name that a Move package loses does not compile here. */
export type AbortName = {
  [P in keyof Aborts]: { [M in ModulesOf<P>]: `${P}::${M}::${keyof Aborts[P][M] & string}` }[ModulesOf<P>]
}[keyof Aborts]

/** What a user can do, by package, module and constant name. */
interface Remedy {
  kind: ErrorKind
  code: string
  hints: string[]
  retryable?: boolean
}

/** Storage is bought for the epochs that a blob lacks: not to be joined to it when it ends elsewhere by now; and the fund
 *  pays for nothing that has just been renewed. */
function overtakenRenewal(): Remedy {
  return {
    kind: 'network',
    code: 'RENEW_OVERTAKEN',
    hints: ['Somebody else extended a pack meanwhile: run the command again, it pays only for what is still lacking'],
    retryable: true,
  }
}

const REMEDIES: Readonly<Partial<Record<AbortName, Remedy>>> = {
  'walrus::system::EWrongVersion': {
    kind: 'network',
    code: 'WALRUS_UPGRADED',
    hints: ['Walrus was upgraded while the command ran: run it again'],
    retryable: true,
  },
  'walrus::system_state_inner::EStorageExceeded': {
    kind: 'other',
    code: 'WALRUS_CAPACITY_EXCEEDED',
    hints: ['The network has no capacity left for these epochs: try fewer epochs'],
  },
  'walrus::system_state_inner::EInvalidEpochsAhead': {
    kind: 'usage',
    code: 'WALRUS_EPOCHS_OUT_OF_RANGE',
    hints: ['Choose fewer epochs with --epochs'],
  },
  'walrus::messages::EIncorrectEpoch': {
    kind: 'network',
    code: 'WALRUS_EPOCH_CHANGED',
    hints: ['The epoch changed during the push: run `floe push` again, nothing is paid twice'],
    retryable: true,
  },
  'walrus::bls_aggregate::ENotEnoughStake': {
    kind: 'network',
    code: 'WALRUS_CERTIFICATE_TOO_LIGHT',
    hints: ['Too few storage nodes confirmed: run `floe push` again'],
    retryable: true,
  },
  'walrus::bls_aggregate::ESigVerification': {
    kind: 'network',
    code: 'WALRUS_CERTIFICATE_INVALID',
    hints: ['Run `floe push` again; the committee may have changed its keys'],
    retryable: true,
  },
  'walrus::blob::EResourceBounds': overtakenRenewal(),
  'walrus::storage_resource::EIncompatibleEpochs': overtakenRenewal(),
  'floe::renewal::ENotDue': overtakenRenewal(),
  'floe::ref_table::EStale': {
    kind: 'other',
    code: 'PUSH_STALE',
    hints: ['Run `floe pull` to take the others’ work in, then push again'],
  },
  'floe::ref_table::ETagIsImmutable': {
    kind: 'other',
    code: 'TAG_IMMUTABLE',
    hints: ['Tags never move: choose another name'],
  },
  'floe::ref_table::EForceForbidden': {
    kind: 'auth',
    code: 'FORCE_FORBIDDEN',
    hints: ['The repository forbids forced updates of this ref: pull and push without --force'],
  },
  'floe::push::EStaleGeneration': {
    kind: 'network',
    code: 'PUSH_GENERATION_CHANGED',
    hints: ['A pack was removed meanwhile: run `floe push` again, nothing is paid twice'],
    retryable: true,
  },
  'floe::members::EMissingRole': {
    kind: 'auth',
    code: 'ACCESS_ROLE_MISSING',
    hints: [
      'Ask an administrator for `floe access grant ADDRESS --role writer`, or use another key with --key; `derive` needs --role attester, `mark` and `takedown` need --role revoker',
    ],
  },
  'floe::members::ENotAdmin': {
    kind: 'auth',
    code: 'ACCESS_NOT_ADMIN',
    hints: ['Use the key that created the repository with --key'],
  },
  'floe::repository::EWrongVersion': {
    kind: 'network',
    code: 'REPOSITORY_VERSION',
    hints: [
      'The repository has moved to another version of the floe package: install the newest Floe, or name that version in a network profile (floeUpgrades)',
    ],
  },
  'floe::pack_table::EAlreadyDeposited': {
    kind: 'network',
    code: 'PACK_ALREADY_DEPOSITED',
    hints: ['Another push deposited the same pack: run `floe push` again'],
    retryable: true,
  },
  'sui-framework::balance::ENotEnough': {
    kind: 'auth',
    code: 'FUNDS_WAL_SHORT',
    hints: [
      'The WAL set aside did not suffice (prices may have risen): check --max-wal and the balance, then run it again',
    ],
  },
}

function packageName(address: string | undefined, packages: AbortHints | undefined): string {
  if (!address) return 'unknown'
  const full = parseAddress(address)
  if (full === parseAddress('0x1')) return 'move-stdlib'
  if (full === parseAddress('0x2')) return 'sui-framework'
  return packages?.get(full) ?? 'unknown'
}

/** Finds the constant of an abort. Without a known address, a module that only one package has decides. */
function lookUp(packageKey: string, module: string, code: string): { packageKey: string; entry?: AbortEntry } {
  const direct = entryIn(packageKey, module, code)
  if (direct) return { packageKey, entry: direct }
  if (packageKey !== 'unknown') return { packageKey }
  const owners = Object.keys(ABORTS).filter((name) => entryIn(name, module, code))
  return owners.length === 1 ? { packageKey: owners[0]!, entry: entryIn(owners[0]!, module, code)! } : { packageKey }
}

/** Module and code come from outside, so only what the tables themselves have counts. */
function entryIn(packageKey: string, module: string, code: string): AbortEntry | undefined {
  const modules: Readonly<Record<string, unknown>> = own(ABORTS, packageKey) ?? {}
  const constants = own(modules, module) as Readonly<Record<string, Omit<AbortEntry, 'name'>>> | undefined
  for (const [name, entry] of Object.entries(constants ?? {}))
    if (String(entry.code) === code) return { name, ...entry }
  return undefined
}

function own<T extends object>(table: T, key: string): T[keyof T] | undefined {
  return Object.hasOwn(table, key) ? table[key as keyof T] : undefined
}

/** The error of a failed execution or simulation.
 *  @param digest - set if the transaction was executed: its gas is spent */
export function failureOf(failure: ExecutionFailure, packages?: AbortHints, digest?: string): FloeError {
  const base = { ...(digest ? { digest } : {}), ...(failure.command === undefined ? {} : { command: failure.command }) }
  const abort = failure.MoveAbort
  if (!abort) {
    const text = failure.message.slice(0, 300)
    if (/insufficient ?(gas|coin ?balance)/i.test(text))
      return new AuthError(
        /gas/i.test(text) ? 'FUNDS_SUI_SHORT' : 'FUNDS_WAL_SHORT',
        /gas/i.test(text)
          ? 'there is not enough SUI for the gas of this transaction'
          : 'a coin holds less than had to be paid',
        { data: { ...base, ledgerSays: text }, hints: ['Get coins with `floe faucet` or send some to the address'] },
      )
    return new LedgerError('LEDGER_EXECUTION_FAILED', `the transaction failed: ${text}`, { data: base })
  }
  const module = abort.location?.module ?? 'unknown'
  const { packageKey, entry } = lookUp(packageName(abort.location?.package, packages), module, abort.abortCode)
  const name = `${packageKey}::${module}::${entry?.name ?? abort.abortCode}`
  const remedy = own(REMEDIES, name)
  const hint = packageKey === 'floe' && entry ? hintOf(module, entry.name) : undefined
  return new TransactionFailedError(
    remedy?.kind ?? 'other',
    remedy?.code ?? 'LEDGER_MOVE_ABORT',
    `the ledger refused: ${entry?.doc || failure.message.slice(0, 300)}`,
    {
      data: {
        ...base,
        abort: name,
        abortCode: abort.abortCode,
        package: abort.location?.package ?? null,
        ...(abort.location?.functionName ? { function: abort.location.functionName } : {}),
      },
      hints: remedy?.hints ?? (hint ? [hint] : []),
      ...(remedy?.retryable ? { retryable: true } : {}),
    },
  )
}

function hintOf(module: string, constant: string): string | undefined {
  const hints: Readonly<Record<string, string>> = own(FLOE_ABORT_HINTS, module) ?? {}
  return hints[constant]
}
