/** The ledger's state on disk: a log of everything since the last snapshot, and that snapshot.
 *
 *  Files: `log-N` (records since snapshot N), `snapshot-N` (the whole state when `log-N` was begun; none for N = 0).
 *  The current N is the highest one with a complete snapshot. A new generation is written as `log-N+1` (empty, synced),
 *  then `snapshot-N+1` under a temporary name, synced and renamed; only then are the files of generation N removed. So
 *  at every moment one complete generation exists, whenever the process dies. */

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { stateCorrupt } from './errors.ts'
import type { Durability } from './handle.ts'
import { LogWriter, scanLog } from './log.ts'
import { encodeObject, type LedgerObject } from './object.ts'
import { encodeRecord, type LogRecord, parseRecord } from './record.ts'
import { LedgerState } from './state.ts'

/** A new generation begins when the log is larger than this and than the state it would replace. */
export const SNAPSHOT_AFTER_BYTES = 64 * 1024 * 1024
/** Objects per record of a snapshot are grouped up to this many bytes. */
const GROUP_BYTES = 1024 * 1024
/** Longest time that the `interval` durability leaves records unsynced. */
const SYNC_INTERVAL_MS = 200

export interface StoreOptions {
  durability: Durability
  onWarning: (warning: Error) => void
  snapshotAfterBytes?: number
}

const FILE_NAME = /^(log|snapshot)-(\d{1,12})(\.tmp)?$/

export class LedgerStore {
  readonly #dir: string
  readonly #options: StoreOptions
  readonly state = new LedgerState()
  #generation: number
  #snapshotBytes = 0
  #log: LogWriter
  #timer: NodeJS.Timeout | undefined

  /** Opens the folder, creating it if missing, and rebuilds the state.
   *  @throws {LedgerError} LEDGER_STATE_CORRUPT */
  constructor(dir: string, options: StoreOptions) {
    this.#dir = dir
    this.#options = options
    mkdirSync(dir, { recursive: true })
    this.#generation = this.#currentGeneration()
    this.#removeOthers()
    if (this.#generation > 0) this.#loadSnapshot()
    this.#log = this.#openLog()
  }

  #path(kind: 'log' | 'snapshot', generation = this.#generation): string {
    return join(this.#dir, `${kind}-${generation}`)
  }

  #currentGeneration(): number {
    let highest = 0
    for (const name of readdirSync(this.#dir)) {
      const match = FILE_NAME.exec(name)
      if (match?.[1] === 'snapshot' && !match[3]) highest = Math.max(highest, Number(match[2]))
    }
    return highest
  }

  /** Removes what an interrupted change of generation left behind. */
  #removeOthers(): void {
    for (const name of readdirSync(this.#dir)) {
      const match = FILE_NAME.exec(name)
      if (match && (match[3] || Number(match[2]) !== this.#generation)) rmSync(join(this.#dir, name))
    }
  }

  #loadSnapshot(): void {
    const path = this.#path('snapshot')
    let records = 0
    let complete = false
    const scan = scanLog(path, (payload) => {
      const record = parseRecord(payload)
      if (record.kind === 'end') complete = record.records === records
      else this.state.apply(record)
      records++
    })
    // A snapshot gets its name only after it is synced: anything missing is damage, not a torn write.
    if (!complete || scan.tornBytes > 0) throw stateCorrupt('the snapshot is incomplete', { path })
    this.#snapshotBytes = scan.validBytes
  }

  #openLog(): LogWriter {
    const path = this.#path('log')
    if (!existsSync(path)) {
      if (this.#generation > 0) throw stateCorrupt('the log of the snapshot is missing', { path })
      const log = new LogWriter(path, 0)
      if (this.#options.durability !== 'never') log.sync()
      this.#syncFolder()
      return log
    }
    const scan = scanLog(path, (payload) => this.state.apply(parseRecord(payload)))
    if (scan.tornBytes > 0) {
      this.#options.onWarning(
        new Error(`dropped ${scan.tornBytes} bytes of an unfinished record at the end of the ledger's log`),
      )
    }
    return new LogWriter(path, scan.validBytes)
  }

  /** Logs the record, then applies it.
   *  @param written - the parsed objects of the record, if the caller has them
   *  @throws if the record could not be written; the state is then unchanged */
  append(record: LogRecord, written?: readonly LedgerObject[]): void {
    this.#log.append(encodeRecord(record))
    this.#protect()
    this.state.apply(record, written)
    const limit = Math.max(this.#options.snapshotAfterBytes ?? SNAPSHOT_AFTER_BYTES, this.#snapshotBytes)
    if (this.#log.bytes > limit) this.#beginGeneration()
  }

  /** Logs and applies objects that no transaction wrote. */
  appendObjects(objects: readonly LedgerObject[]): void {
    this.append({ kind: 'objects', objects: objects.map(encodeObject) }, objects)
  }

  #protect(): void {
    if (this.#options.durability === 'commit') this.#log.sync()
    if (this.#options.durability !== 'interval' || this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      try {
        this.#log.sync()
      } catch (error) {
        this.#options.onWarning(error as Error)
      }
    }, SYNC_INTERVAL_MS)
    this.#timer.unref()
  }

  #beginGeneration(): void {
    const next = this.#generation + 1
    const temporary = `${this.#path('snapshot', next)}.tmp`
    let log: LogWriter
    let snapshotBytes: number
    try {
      log = new LogWriter(this.#path('log', next), 0)
      log.sync()
      snapshotBytes = this.#writeSnapshot(temporary)
      // The snapshot's name must not reach the disk before the log that belongs to it.
      this.#syncFolder()
      renameSync(temporary, this.#path('snapshot', next))
    } catch (error) {
      // Without room for a snapshot the old generation goes on, and grows as much again before the next attempt.
      this.#options.onWarning(error as Error)
      this.#snapshotBytes = this.#log.bytes * 2
      return
    }
    this.#log.close()
    this.#log = log
    this.#generation = next
    this.#snapshotBytes = snapshotBytes
    this.#syncFolder()
    this.#removeOthers()
  }

  #writeSnapshot(path: string): number {
    const out = new LogWriter(path, 0)
    let records = 0
    const write = (record: LogRecord) => {
      out.append(encodeRecord(record))
      records++
    }
    const { state } = this
    if (state.header) write(state.header)
    write(state.status)
    for (const objects of grouped(state.formerVersions())) write({ kind: 'versions', objects })
    for (const objects of grouped(state.liveObjects())) write({ kind: 'objects', objects })
    for (const transaction of state.transactions) write(transaction)
    write({ kind: 'end', records })
    out.sync()
    out.close()
    return out.bytes
  }

  #syncFolder(): void {
    const fd = openSync(this.#dir, 'r')
    try {
      fsyncSync(fd)
    } catch {
      // Some systems do not sync folders; there the rename is as durable as they make it.
    } finally {
      closeSync(fd)
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    if (this.#options.durability !== 'never') this.#log.sync()
    this.#log.close()
  }
}

/** The objects' bytes in groups of about `GROUP_BYTES`. */
function* grouped(objects: Iterable<LedgerObject>): Generator<Uint8Array[]> {
  let group: Uint8Array[] = []
  let bytes = 0
  for (const object of objects) {
    const encoded = encodeObject(object)
    group.push(encoded)
    bytes += encoded.length
    if (bytes >= GROUP_BYTES) {
      yield group
      group = []
      bytes = 0
    }
  }
  if (group.length > 0) yield group
}
