/** What a reading thread says of each file, in bytes: it goes from one thread to another and on into tables without ever being
 *  an object. Fifty thousand of those cost more than reading the files did. */

import { ID_BYTES, objectIdFromBytes } from '../objects/id.ts'
import type { TreeEntry } from '../objects/tree.ts'
import type { FileStart, FileStat } from '../store/file-system.ts'
import { isSettledStat, STAT_BYTES } from '../store/stat-records.ts'

/** Flags; the stat as the stat cache has it; the file's id. */
export const ROW_BYTES: number = 1 + STAT_BYTES + ID_BYTES
/** The stat proves that the file is still what was read. */
export const ROW_SETTLED = 1
export const ROW_EXECUTABLE = 2
export const ROW_STAT = 1
export const ROW_ID: number = ROW_STAT + STAT_BYTES

const isWindows = process.platform === 'win32'

/** A file system's clock before anything was read, and which file system that is. */
export interface DiskClock {
  ns: bigint
  device: bigint
}

/** @param clockNs - what a file must have changed before, for its stat to prove anything */
export function putRow(view: DataView, row: number, stat: FileStart['stat'], clockNs: bigint): void {
  const at = row * ROW_BYTES
  const executable = !isWindows && (Number(stat.mode) & 0o100) !== 0
  view.setUint8(at, (isSettledStat(stat, clockNs) ? ROW_SETTLED : 0) | (executable ? ROW_EXECUTABLE : 0))
  view.setBigUint64(at + ROW_STAT, stat.size, true)
  view.setBigInt64(at + ROW_STAT + 8, stat.mtimeNs, true)
  view.setBigInt64(at + ROW_STAT + 16, stat.ctimeNs, true)
  view.setBigUint64(at + ROW_STAT + 24, BigInt.asUintN(64, stat.ino), true)
}

/** Size of a row's file. */
export function bytesOfRow(rows: Uint8Array, row: number): number {
  let bytes = 0
  for (let i = 7, at = row * ROW_BYTES + ROW_STAT; i >= 0; i--) bytes = bytes * 256 + rows[at + i]!
  return bytes
}

export function isExecutableRow(rows: Uint8Array, row: number): boolean {
  return (rows[row * ROW_BYTES]! & ROW_EXECUTABLE) !== 0
}

/** The entry of a file that is no chunk or one. */
export function entryOfRow(path: string, rows: Uint8Array, row: number): TreeEntry {
  const at = row * ROW_BYTES + ROW_ID
  const fileId = objectIdFromBytes(rows.subarray(at, at + ID_BYTES))
  const bytes = bytesOfRow(rows, row)
  const content = bytes > 0 ? ({ kind: 'chunk', id: fileId } as const) : null
  return { path, kind: 'file', executable: isExecutableRow(rows, row), bytes, fileId, content }
}

/** @param device - of the file system that the file lies on */
export function statOfRow(rows: Uint8Array, row: number, device: bigint): FileStat {
  const view = new DataView(rows.buffer, rows.byteOffset + row * ROW_BYTES + ROW_STAT, STAT_BYTES)
  return {
    kind: 'file',
    bytes: bytesOfRow(rows, row),
    mtimeNs: view.getBigInt64(8, true),
    ctimeNs: view.getBigInt64(16, true),
    inode: view.getBigUint64(24, true),
    device,
    executable: isExecutableRow(rows, row),
  }
}
