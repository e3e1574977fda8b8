/** Tables as text: CSV, TSV and JSON Lines, cut into rows and cells without losing a byte of how they were written. Values
 *  are for comparing; what is written out again is the text as it stood.
 *
 *  CSV as in RFC 4180: quoted fields may hold separators, line ends and doubled quotes. No library gives the text of single
 *  fields back as it was, quotes included, which is the point here. */

import { TableError } from './errors.ts'

export type TableFormat = 'csv' | 'tsv' | 'jsonl'

export interface Cell {
  /** As it stands in the file. */
  raw: string
  /** What it stands for; equal cells may be written differently. */
  value: string
}

export interface Row {
  /** With its line end, if it has one. */
  raw: string
  /** By column; a cell that a JSON object does not have is absent. */
  cells: ReadonlyMap<string, Cell>
}

export interface Table {
  format: TableFormat
  /** The header with its line end; empty for JSON Lines. */
  header: string
  /** Of CSV in order, as they are called and as they are written; empty for JSON Lines. */
  columns: readonly string[]
  rawColumns: ReadonlyMap<string, string>
  /** By key, in the order of the file. */
  rows: ReadonlyMap<string, Row>
  lineEnd: '\n' | '\r\n'
  /** False if the last row has no line end. */
  isClosed: boolean
}

/** The format a path's extension stands for. */
export function tableFormatOf(path: string): TableFormat | undefined {
  const extension = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase()
  if (extension === 'csv' || extension === 'tsv' || extension === 'jsonl') return extension
  return extension === 'ndjson' ? 'jsonl' : undefined
}

/** @param keys - columns that together name a row
 *  @param where - what errors call it
 *  @throws {TableError} TABLE_MALFORMED, TABLE_KEY_UNKNOWN, TABLE_KEY_DUPLICATE (exit 1) */
export function parseTable(text: string, format: TableFormat, keys: readonly string[], where: string): Table {
  const lineEnd = /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n'
  const shape = { format, lineEnd, isClosed: text === '' || text.endsWith('\n') } as const
  if (format === 'jsonl') {
    const rows = keyed(jsonRows(text, where), keys, where)
    return { ...shape, header: '', columns: [], rawColumns: new Map(), rows }
  }
  const records = csvRecords(text, format === 'csv' ? ',' : '\t', where)
  const first = records.next()
  if (first.done) return { ...shape, header: '', columns: [], rawColumns: new Map(), rows: new Map() }
  const columns = first.value.cells.map(({ value }, index) => (index === 0 ? value.replace(/^\ufeff/, '') : value))
  const rawColumns = new Map(columns.map((column, index) => [column, first.value.cells[index]!.raw]))
  if (rawColumns.size !== columns.length) throw new TableError('TABLE_MALFORMED', where, 'two columns have one name', 1)
  for (const key of keys) if (!rawColumns.has(key)) throw new TableError('TABLE_KEY_UNKNOWN', where, key, 1)
  function* rows(): Generator<[Row, number]> {
    for (const { raw, cells, line } of records) {
      if (cells.length !== columns.length)
        throw new TableError('TABLE_MALFORMED', where, `${cells.length} fields, ${columns.length} columns`, line)
      yield [{ raw, cells: new Map(cells.map((cell, index) => [columns[index]!, cell])) }, line]
    }
  }
  return { ...shape, header: first.value.raw, columns, rawColumns, rows: keyed(rows(), keys, where) }
}

function keyed(rows: Iterable<[Row, number]>, keys: readonly string[], where: string): Map<string, Row> {
  const found = new Map<string, Row>()
  for (const [row, line] of rows) {
    const values = keys.map((key) => {
      const cell = row.cells.get(key)
      if (!cell) throw new TableError('TABLE_KEY_UNKNOWN', where, key, line)
      return cell.value
    })
    const id = JSON.stringify(values)
    if (found.has(id)) throw new TableError('TABLE_KEY_DUPLICATE', where, values.join(', '), line)
    found.set(id, row)
  }
  return found
}

interface CsvRecord {
  raw: string
  cells: Cell[]
  /** Of the file, from 1. */
  line: number
}

function* csvRecords(text: string, separator: string, where: string): Generator<CsvRecord> {
  let line = 1
  for (let at = 0; at < text.length; ) {
    const start = at
    const startLine = line
    const cells: Cell[] = []
    for (let isOpen = true; isOpen; ) {
      const from = at
      let value: string
      if (text[at] === '"') {
        at++
        for (;;) {
          const quote = text.indexOf('"', at)
          if (quote < 0) throw new TableError('TABLE_MALFORMED', where, 'a quote is never closed', startLine)
          at = quote + 1
          if (text[at] !== '"') break
          at++
        }
        value = text.slice(from + 1, at - 1).replaceAll('""', '"')
        if (at < text.length && text[at] !== separator && text[at] !== '\n' && !text.startsWith('\r\n', at))
          throw new TableError('TABLE_MALFORMED', where, 'text after a closing quote', startLine)
      } else {
        while (at < text.length && text[at] !== separator && text[at] !== '\n') at++
        if (text[at] === '\n' && text[at - 1] === '\r' && at > from) at--
        value = text.slice(from, at)
        if (value.includes('"')) throw new TableError('TABLE_MALFORMED', where, 'a quote inside a field', startLine)
      }
      cells.push({ raw: text.slice(from, at), value })
      isOpen = text[at] === separator
      if (isOpen) at++
    }
    if (text.startsWith('\r\n', at)) at += 2
    else if (at < text.length) at++
    const raw = text.slice(start, at)
    for (let next = raw.indexOf('\n'); next >= 0; next = raw.indexOf('\n', next + 1)) line++
    yield { raw, cells, line: startLine }
  }
}

function* jsonRows(text: string, where: string): Generator<[Row, number]> {
  let line = 0
  for (const raw of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    line++
    const body = raw.trim()
    if (body === '') throw new TableError('TABLE_MALFORMED', where, 'an empty line', line)
    yield [{ raw, cells: jsonCells(body, where, line) }, line]
  }
}

/** The members of an object, each as its text. What is not JSON has been refused before, so this only finds the ends. */
function jsonCells(body: string, where: string, line: number): Map<string, Cell> {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    parsed = undefined
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new TableError('TABLE_MALFORMED', where, 'no JSON object', line)
  const cells = new Map<string, Cell>()
  let depth = 0
  let from = 1
  let name: string | undefined
  const close = (at: number) => {
    if (name === undefined) return
    if (cells.has(name)) throw new TableError('TABLE_MALFORMED', where, `${name} stands there twice`, line)
    const raw = body.slice(from, at).trim()
    cells.set(name, { raw, value: raw })
    name = undefined
  }
  for (let at = 0; at < body.length; at++) {
    const char = body[at]!
    if (char === '"') {
      const start = at
      for (at++; body[at] !== '"'; at++) if (body[at] === '\\') at++
      if (depth === 1 && name === undefined && /^\s*:/.test(body.slice(at + 1, at + 65))) {
        name = JSON.parse(body.slice(start, at + 1)) as string
        at = body.indexOf(':', at + 1)
        from = at + 1
      }
    } else if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') {
      depth--
      if (depth === 0) close(at)
    } else if (char === ',' && depth === 1) close(at)
  }
  return cells
}
