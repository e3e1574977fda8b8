/** Reading a repository from the chain: the shared object and the rows of its tables, by ids derived on this side.
 *
 *  Layout alone proves nothing: another package may define the same structs with other rules. So the repository's type,
 *  and the type of every row, must come from a trusted package; everything else is refused (exit 13).
 *  Rows are read after the object, so they may be newer: push records never change, and a ref row names its record. */

import { toHex } from '../base/bytes.ts'
import { ByteReader, ByteWriter, CodecError } from '../codec/cursor.ts'
import type { LedgerClient, LedgerObject } from './client.ts'
import { dynamicFieldId, fieldValueReader, KEY_TYPES, stringKey, u64Key } from './dynamic-field.ts'
import { ChainRecordError, LedgerError, NoRepositoryError } from './errors.ts'
import { caughtUp } from './lag.ts'
import type { FloeUpgrade } from './networks.ts'
import { addressToBytes, packagesOfType, parseAddress, parseStructType } from './object-id.ts'
import {
  type AttestationRecord,
  type PackRecord,
  type PushRecord,
  type RefRecord,
  type RepositoryRecord,
  readAttestationRecord,
  readNumbers,
  readPackRecord,
  readPushRecord,
  readRefName,
  readRefRecord,
  readRepositoryRecord,
  type TableRecord,
} from './repository-records.ts'

/** The framework, whose generic types wrap every row. */
const FRAMEWORK_PACKAGES: ReadonlySet<string> = new Set(['0x1', '0x2'].map(parseAddress))
/** More names than anyone should have to list. */
const MAX_REFS = 100_000

export interface RepositoryState extends RepositoryRecord {
  /** Where functions are called: the trusted version of the package that the repository is at. */
  packageId: string
  /** Its first version, which defines the repository and is in the names of types. */
  originalPackageId: string
  /** Version of the shared object when it was read. */
  objectVersion: bigint
}

export interface ReadOptions {
  signal?: AbortSignal | undefined
}

/** Rows that an end point does not have yet, or that are older than the object, are asked for again for some seconds. */
export interface RepositoryReader {
  readonly ledger: LedgerClient
  readonly repositoryId: string
  /** Reads the shared object anew. */
  fetchState(options?: ReadOptions): Promise<RepositoryState>
  /** Rows of refs that exist; deleted ones are left out. Sorted by name.
   *  @throws {LedgerError} LEDGER_REFS_STALE (exit 14) if they do not tell of the last push that `state` counts */
  fetchRefs(state: RepositoryState, options?: ReadOptions): Promise<RefRecord[]>
  /** @param name - as on chain, `refs/heads/main` */
  fetchRef(state: RepositoryState, name: string, options?: ReadOptions): Promise<RefRecord | null>
  /** Push records from `first` up to but not including `end`. */
  fetchPushes(state: RepositoryState, first: number, end: number, options?: ReadOptions): Promise<PushRecord[]>
  /** Push records by number, in the order asked for. */
  fetchPushesAt(state: RepositoryState, numbers: readonly number[], options?: ReadOptions): Promise<PushRecord[]>
  fetchPacks(state: RepositoryState, numbers: readonly number[], options?: ReadOptions): Promise<PackRecord[]>
  /** Numbers of the packs with these blob ids; `null` where there is none. */
  fetchPackNumbers(
    state: RepositoryState,
    blobIds: readonly Uint8Array[],
    options?: ReadOptions,
  ): Promise<(number | null)[]>
  /** Those of the `Push` objects that are under way: their owners can still take back what they deposited. */
  fetchUnfinishedPushes(state: RepositoryState, pushIds: readonly string[], options?: ReadOptions): Promise<Set<string>>
  fetchAttestations(state: RepositoryState, commit: string, options?: ReadOptions): Promise<AttestationRecord[]>
  /** Dynamic fields of one key type under an object of the repository, or under the repository itself; `null` where
   *  there is none. For the parts that have files of their own.
   *  @param what - name of such a record, for errors */
  fetchFields<T>(
    parent: string,
    keyType: Uint8Array,
    keys: readonly Uint8Array[],
    what: string,
    read: (reader: ByteReader, index: number) => T,
    options?: ReadOptions,
  ): Promise<(T | null)[]>
}

/** @param trusted - package ids in full form whose rules are known
 *  @param upgrades - later versions of them */
export function createRepositoryReader(
  ledger: LedgerClient,
  repositoryId: string,
  trusted: readonly string[],
  upgrades: readonly FloeUpgrade[] = [],
): RepositoryReader {
  const id = parseAddress(repositoryId)
  const trustedPackages = new Set(trusted.map(parseAddress))

  function assertTrusted(object: LedgerObject, what: string): void {
    for (const address of packagesOfType(object.type)) {
      if (trustedPackages.has(address) || FRAMEWORK_PACKAGES.has(address)) continue
      throw new ChainRecordError(
        'LEDGER_PACKAGE_UNTRUSTED',
        `${what} ${object.id} is ruled by package ${address}, which is not trusted`,
        {
          data: { objectId: object.id, type: object.type, package: address, trusted: [...trustedPackages] },
          hints: [`If you know and trust this package, repeat the command with --trust-package ${address}`],
        },
      )
    }
  }

  function parsed<T>(object: LedgerObject, what: string, read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      throw new ChainRecordError('LEDGER_RECORD_MALFORMED', `${what} ${object.id} has an unknown layout`, {
        data: { objectId: object.id, type: object.type },
        hints: ['Install a newer Floe'],
        cause: error,
      })
    }
  }

  /** Rows of a table, in order of the keys; `null` where there is none. */
  async function fetchRows<T>(
    table: TableRecord,
    keyType: Uint8Array,
    keys: readonly Uint8Array[],
    what: string,
    read: (reader: ByteReader, index: number) => T,
    { signal }: ReadOptions,
  ): Promise<(T | null)[]> {
    const ids = keys.map((key) => dynamicFieldId(table.id, keyType, key))
    const objects = await ledger.fetchObjects(ids, signal ? { signal } : {})
    return objects.map((object, i) => {
      if (!object) return null
      assertTrusted(object, what)
      if (object.owner.$kind !== 'object' || object.owner.objectId !== table.id)
        throw new ChainRecordError('LEDGER_RECORD_FOREIGN', `${what} ${object.id} does not belong to this repository`, {
          data: { objectId: object.id, table: table.id },
        })
      return parsed(object, what, () => read(fieldValueReader(object.content, keys[i]!.length), i))
    })
  }

  /** Every record of the log moves one ref, so one of them, deleted or not, tells of the last. Each row is asked for by
   *  itself: one of an earlier day would pass for the ref as it stands. */
  function assertTellOfTheLast(rows: readonly RefRecord[], { log, refNames }: RepositoryState): void {
    const newest = rows.reduce((most, { push }) => Math.max(most, push), -1)
    if (newest >= log.size - 1 || rows.length < refNames.size) return
    throw new LedgerError('LEDGER_REFS_STALE', `the refs of ${id} are older than its log`, {
      data: { repository: id, records: log.size, newest: newest + 1 },
      hints: ['The end point lags behind: run the command again, or use another end point'],
    })
  }

  function required<T>(rows: (T | null)[], what: string): T[] {
    return rows.map((row, i) => {
      if (row !== null) return row
      throw new ChainRecordError('LEDGER_RECORD_MISSING', `repository ${id} lacks ${what} (position ${i})`, {
        data: { repository: id, what, position: i },
        hints: ['The end point may lag behind: run the command again, or use another end point'],
      })
    })
  }

  const reader: RepositoryReader = {
    ledger,
    repositoryId: id,

    async fetchState({ signal } = {}) {
      const object = await ledger.fetchObject(id, signal ? { signal } : {})
      if (!object)
        throw new NoRepositoryError('REPOSITORY_NOT_FOUND', `there is no object ${id} on network ${ledger.network}`, {
          data: { repository: id, network: ledger.network },
          hints: ['Check the object id and the network; a local network that was reset has forgotten its repositories'],
        })
      const type = parseStructType(object.type)
      if (type?.module !== 'repository' || type.name !== 'Repository')
        throw new NoRepositoryError('REPOSITORY_NOT_ONE', `object ${id} is a ${object.type}, not a repository`, {
          data: { repository: id, type: object.type },
          hints: ['`floe remote show`, in a workspace that has it, prints the address of a repository'],
        })
      assertTrusted(object, 'repository')
      const record = parsed(object, 'repository', () => readRepositoryRecord(new ByteReader(object.content)))
      const upgrade = upgrades.findLast((one) => one.originalId === type.address && one.contract === record.version)
      return {
        ...record,
        packageId: upgrade?.packageId ?? type.address,
        originalPackageId: type.address,
        objectVersion: object.version,
      }
    },

    async fetchRefs(state, options = {}) {
      const count = Math.min(state.refNames.size, MAX_REFS)
      const keys = Array.from({ length: count }, (_, i) => u64Key(i))
      const names = required(
        await fetchRows(state.refNames, KEY_TYPES.u64, keys, 'ref name', (row) => readRefName(row), options),
        'a ref name',
      )
      const rows = required(
        await fetchRows(
          state.refs,
          KEY_TYPES.string,
          names.map(stringKey),
          'ref',
          (row, i) => readRefRecord(row, names[i]!),
          options,
        ),
        'a ref',
      )
      assertTellOfTheLast(rows, state)
      return rows.filter((row) => row.commit !== null).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    },

    async fetchRef(state, name, options = {}) {
      const [row] = await fetchRows(
        state.refs,
        KEY_TYPES.string,
        [stringKey(name)],
        'ref',
        (record) => readRefRecord(record, name),
        options,
      )
      return row && row.commit !== null ? row : null
    },

    fetchPushes: (state, first, end, options = {}) =>
      reader.fetchPushesAt(
        state,
        Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i),
        options,
      ),

    async fetchPushesAt(state, numbers, options = {}) {
      return required(
        await fetchRows(
          state.log,
          KEY_TYPES.u64,
          numbers.map(u64Key),
          'push record',
          (row, i) => readPushRecord(row, numbers[i]!),
          options,
        ),
        'a push record',
      )
    },

    async fetchPacks(state, numbers, options = {}) {
      return required(
        await fetchRows(
          state.packs,
          KEY_TYPES.u64,
          numbers.map(u64Key),
          'pack record',
          (row, i) => readPackRecord(row, numbers[i]!),
          options,
        ),
        'a pack record',
      )
    },

    fetchPackNumbers: (state, blobIds, options = {}) =>
      fetchRows(
        state.packNumbers,
        KEY_TYPES.u256,
        [...blobIds],
        'pack number',
        (row) => {
          const number = row.safeU64()
          row.end()
          return number
        },
        options,
      ),

    async fetchUnfinishedPushes(state, pushIds, options = {}) {
      if (state.openPushes.size === 0) return new Set()
      const rows = await fetchRows(
        state.openPushes,
        KEY_TYPES.id,
        pushIds.map(addressToBytes),
        'open push',
        (row) => {
          row.bool()
          row.end()
          return true
        },
        options,
      )
      return new Set(pushIds.filter((_, i) => rows[i] !== null))
    },

    async fetchAttestations(state, commit, options = {}) {
      const key = new ByteWriter().byteVector(Buffer.from(commit, 'hex')).finish()
      const [numbers] = await fetchRows(
        state.attestationsByCommit,
        KEY_TYPES.bytes,
        [key],
        'attestation list',
        readNumbers,
        options,
      )
      if (!numbers) return []
      const rows = required(
        await fetchRows(
          state.attestations,
          KEY_TYPES.u64,
          numbers.map(u64Key),
          'attestation',
          (row, i) => readAttestationRecord(row, numbers[i]!),
          options,
        ),
        'an attestation',
      )
      for (const row of rows)
        if (row.commit !== commit)
          throw new ChainRecordError('LEDGER_RECORD_FOREIGN', 'an attestation is about another commit', {
            data: { commit, found: row.commit, number: row.number },
          })
      return rows
    },

    fetchFields: (parent, keyType, keys, what, read, options = {}) =>
      fetchRows({ id: parent, size: 0 }, keyType, keys, what, read, options),
  }
  return {
    ...reader,
    fetchRefs: (state, options = {}) => caughtUp(() => reader.fetchRefs(state, options), options.signal),
    fetchPushes: (state, first, end, options = {}) =>
      caughtUp(() => reader.fetchPushes(state, first, end, options), options.signal),
    fetchPushesAt: (state, numbers, options = {}) =>
      caughtUp(() => reader.fetchPushesAt(state, numbers, options), options.signal),
    fetchPacks: (state, numbers, options = {}) =>
      caughtUp(() => reader.fetchPacks(state, numbers, options), options.signal),
  }
}

/** Checks that a ref stands where its own log record says.
 *  @throws {ChainRecordError} REF_WITHOUT_RECORD */
export function assertRefRecorded(ref: RefRecord, push: PushRecord): void {
  if (push.ref === ref.name && push.new === ref.commit && push.commitPack === ref.commitPack) return
  throw new ChainRecordError('REF_WITHOUT_RECORD', `ref ${ref.name} moved without a log record`, {
    data: { ref: ref.name, commit: ref.commit, push: push.number, recorded: push.new },
  })
}

/** Key of a blob id in maps. */
export function blobKey(blobId: Uint8Array): string {
  return toHex(blobId)
}
