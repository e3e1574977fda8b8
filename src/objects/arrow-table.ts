/** Tables in one canonical layout of the Arrow IPC streaming format: one schema message, one uncompressed record batch
 *  without nulls, end-of-stream mark. For given columns the metadata is a function of the row count alone, so reading is
 *  comparing: the bytes must equal what this file would write. `apache-arrow` never sees bytes from outside; tests compare
 *  our bytes with its own and let pyarrow read them.
 *  @see Arrow columnar format 1.5, "IPC Streaming Format"; flatbuffers as laid out by apache-arrow 21 */

import { fromHex } from '../base/bytes.ts'
import { PackCorruptError } from './errors.ts'

/** The columns of a table. */
export interface ArrowLayout {
  /** Name of the table in errors. */
  name: string
  /** The schema message as it stands in the stream, with its length prefix. */
  schema: Uint8Array
  /** Bytes of one value of each column. */
  widths: readonly number[]
}

/** From the length prefix to the body length, and from there to the offset of the field nodes: flatbuffer tables and
 *  vtables of `Message` (version 5, record batch) and `RecordBatch`. */
const BATCH_HEAD = '14000000000000000c00160014000f00100004000c000000'
const BATCH_MIDDLE = '000000031000000004000a0018000c00080004000a00000014000000'
const END_OF_STREAM = 'ffffffff00000000'

function align8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}

/** Bytes of the body: each column padded to 8 bytes. */
function bodyBytes({ widths }: ArrowLayout, rows: number): number {
  return widths.reduce((sum, width) => sum + align8(width * rows), 0)
}

/** Length of a table with that many rows, in bytes. */
export function arrowTableBytes(layout: ArrowLayout, rows: number): number {
  return layout.schema.length + batchMessageBytes(layout) + bodyBytes(layout, rows) + 8
}

function batchMessageBytes({ widths }: ArrowLayout): number {
  // Prefix 8, head 24 + 8, middle 28 + 4, rows and padding 12, buffers 4 + 32 each, nodes 8 + 16 each.
  return 96 + widths.length * 48
}

/** The record batch message of a table, from the length prefix to where the body starts. */
function batchMessage(layout: ArrowLayout, rows: number): Uint8Array {
  const { widths } = layout
  const message = new Uint8Array(batchMessageBytes(layout))
  const view = new DataView(message.buffer)
  let at = 0
  const hex = (text: string) => {
    message.set(fromHex(text), at)
    at += text.length / 2
  }
  const u32 = (value: number) => {
    view.setUint32(at, value, true)
    at += 4
  }
  const u64 = (value: number) => {
    view.setBigUint64(at, BigInt(value), true)
    at += 8
  }
  hex('ffffffff')
  u32(message.length - 8)
  hex(BATCH_HEAD)
  u64(bodyBytes(layout, rows))
  hex(BATCH_MIDDLE)
  u32(24 + 32 * widths.length)
  u64(rows)
  u32(0)
  u32(2 * widths.length)
  let offset = 0
  for (const width of widths) {
    // The validity bitmap is empty, because no column has nulls.
    u64(offset)
    u64(0)
    u64(offset)
    u64(align8(width * rows))
    offset += align8(width * rows)
  }
  u32(0)
  u32(widths.length)
  for (let i = 0; i < widths.length; i++) {
    u64(rows)
    u64(0)
  }
  return message
}

/** The table as bytes.
 *  @param columns - one array per column, little-endian, `width · rows` bytes each */
export function encodeArrowTable(layout: ArrowLayout, rows: number, columns: readonly Uint8Array[]): Uint8Array {
  const table = new Uint8Array(arrowTableBytes(layout, rows))
  table.set(layout.schema)
  let at = layout.schema.length
  const message = batchMessage(layout, rows)
  table.set(message, at)
  at += message.length
  for (const [index, width] of layout.widths.entries()) {
    const column = columns[index]!
    if (column.length !== width * rows)
      throw new RangeError(`"columns[${index}]" expected ${width * rows} bytes, got ${column.length}`)
    table.set(column, at)
    at += align8(column.length)
  }
  table.set(fromHex(END_OF_STREAM), at)
  return table
}

/** Views of the columns of a table from outside.
 *  @param rows - at least 1
 *  @throws {PackCorruptError} PACK_CORRUPT unless the bytes are exactly the canonical layout */
export function parseArrowTable(layout: ArrowLayout, rows: number, table: Uint8Array): Uint8Array[] {
  const refuse = (part: string): never => {
    throw new PackCorruptError(`the ${layout.name} table has another ${part} than the canonical one`)
  }
  if (rows < 1 || table.length !== arrowTableBytes(layout, rows)) refuse('length')
  let at = 0
  const expect = (expected: Uint8Array, part: string) => {
    if (Buffer.compare(table.subarray(at, at + expected.length), expected) !== 0) refuse(part)
    at += expected.length
  }
  expect(layout.schema, 'schema')
  expect(batchMessage(layout, rows), 'batch header')
  const columns = layout.widths.map((width) => {
    const column = table.subarray(at, at + width * rows)
    at += align8(width * rows)
    for (let i = at - (align8(width * rows) - width * rows); i < at; i++) if (table[i] !== 0) refuse('padding')
    return column
  })
  expect(fromHex(END_OF_STREAM), 'end')
  return columns
}
