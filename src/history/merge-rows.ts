/** Merging two tables that were made from a third, row by row under a key and cell by cell within a row: rows and columns
 *  that one side added, deleted or changed are taken, and only a cell that both changed differently is a conflict.
 *
 *  Rows keep the order of the side that moved any, else ours; what the other side added stands behind the row it stood
 *  behind there. A row that is taken as a whole keeps every byte; one that is put together keeps those of its cells. */

import { type Cell, parseTable, type Row, type Table, type TableFormat } from './table.ts'

export interface TableRule {
  format: TableFormat
  /** Columns that together name a row. */
  keys: readonly string[]
}

/** Longest table that is merged, in bytes. Its rows are held in memory, at some six times their size. */
export const MAX_MERGED_TABLE_BYTES: number = 64 * 2 ** 20

export interface MergedTable {
  text: string
  /** Rows that both changed in the same cell, or one changed and the other deleted; both versions stand between marker lines. */
  conflicts: number
}

/** @param where - what errors call the file
 *  @throws {TableError} TABLE_MALFORMED, TABLE_KEY_UNKNOWN, TABLE_KEY_DUPLICATE (exit 1) */
export function mergeTables(
  sides: { base: string; ours: string; theirs: string },
  { format, keys }: TableRule,
  labels: { ours: string; theirs: string },
  where: string,
): MergedTable {
  const parse = (side: keyof typeof sides) =>
    // Without a base, nothing is known of columns either.
    side === 'base' && sides.base === ''
      ? parseTable('', format, [], where)
      : parseTable(sides[side], format, keys, `${where} (${side})`)
  const base = parse('base')
  const ours = parse('ours')
  const theirs = parse('theirs')
  const columns = mergedOrder(base.columns, ours.columns, theirs.columns).filter((column) =>
    isKept(base.columns.includes(column), ours.columns.includes(column), theirs.columns.includes(column)),
  )
  const writer = rowWriter(ours, theirs, columns)
  const lines = [writer.header()]
  let conflicts = 0
  for (const key of mergedOrder([...base.rows.keys()], [...ours.rows.keys()], [...theirs.rows.keys()])) {
    const row = { base: base.rows.get(key), ours: ours.rows.get(key), theirs: theirs.rows.get(key) }
    const merged = mergeRow(row, columns)
    if (merged === 'conflict') {
      conflicts++
      const { lineEnd } = ours
      const shown = (side: Row | undefined) => (side ? writer.row(side.cells, side) : '')
      lines.push(`<<<<<<< ${labels.ours}${lineEnd}`, shown(row.ours), `=======${lineEnd}`, shown(row.theirs))
      lines.push(`>>>>>>> ${labels.theirs}${lineEnd}`)
    } else if (merged) lines.push(writer.row(merged.cells, merged.as))
  }
  const text = lines.join('')
  return { text: ours.isClosed || conflicts > 0 ? text : text.replace(/\r?\n$/, ''), conflicts }
}

function isKept(inBase: boolean, inOurs: boolean, inTheirs: boolean): boolean {
  return inBase ? inOurs && inTheirs : inOurs || inTheirs
}

interface TakenRow {
  cells: ReadonlyMap<string, Cell>
  /** The side's row that it is, if it is one. */
  as: Row | undefined
}

function mergeRow(
  { base, ours, theirs }: { base: Row | undefined; ours: Row | undefined; theirs: Row | undefined },
  columns: readonly string[],
): TakenRow | 'conflict' | undefined {
  if (!ours || !theirs) {
    const left = ours ?? theirs
    if (!left) return undefined
    if (!base) return { cells: left.cells, as: left }
    // Deleted here: fine, unless it was changed there. A column that is new there is no change of the row.
    return isSameRow(base, left) ? undefined : 'conflict'
  }
  const cells = new Map<string, Cell>()
  for (const column of columns.length > 0
    ? columns
    : mergedOrder([...(base?.cells.keys() ?? [])], [...ours.cells.keys()], [...theirs.cells.keys()])) {
    const cell = mergeCell(base?.cells.get(column), ours.cells.get(column), theirs.cells.get(column))
    if (cell === 'conflict') return 'conflict'
    if (cell) cells.set(column, cell)
  }
  // A column that one side deleted may have been changed by the other.
  for (const [column, was] of base?.cells ?? [])
    if (
      !cells.has(column) &&
      [ours, theirs].some(({ cells: now }) => now.has(column) && now.get(column)!.value !== was.value)
    )
      return 'conflict'
  const as = [ours, theirs].find((side) => isExactly(side, cells))
  return { cells, as }
}

function mergeCell(
  base: Cell | undefined,
  ours: Cell | undefined,
  theirs: Cell | undefined,
): Cell | 'conflict' | undefined {
  if (ours?.value === theirs?.value) return ours?.raw === base?.raw ? theirs : ours
  if (ours?.value === base?.value) return theirs
  return theirs?.value === base?.value ? ours : 'conflict'
}

function isSameRow(a: Row, b: Row): boolean {
  for (const [column, { value }] of a.cells)
    if (b.cells.has(column) && b.cells.get(column)!.value !== value) return false
  return true
}

function isExactly({ cells: own }: Row, cells: ReadonlyMap<string, Cell>): boolean {
  if (own.size !== cells.size) return false
  for (const [column, { raw }] of cells) if (own.get(column)?.raw !== raw) return false
  return true
}

/** The items of both sides in one order, those included that one of them deleted. */
function mergedOrder(base: readonly string[], ours: readonly string[], theirs: readonly string[]): string[] {
  const oursSet = new Set(ours)
  const theirsSet = new Set(theirs)
  const baseSet = new Set(base)
  const common = (side: readonly string[], other: ReadonlySet<string>) =>
    side.filter((item) => baseSet.has(item) && other.has(item))
  // Who moved something says how it goes; if both did, we do.
  const isMoved = common(ours, oursSet).join('\0') !== base.filter((item) => oursSet.has(item)).join('\0')
  const [lead, guest] = isMoved ? [ours, theirs] : [theirs, ours]
  const leadSet = isMoved ? oursSet : theirsSet
  // What the guest alone has goes behind what it follows there.
  const behind = new Map<string | undefined, string[]>()
  let last: string | undefined
  for (const item of guest) {
    if (leadSet.has(item)) last = item
    else {
      const there = behind.get(last)
      if (there) there.push(item)
      else behind.set(last, [item])
    }
  }
  const order = [...(behind.get(undefined) ?? [])]
  for (const item of lead) order.push(item, ...(behind.get(item) ?? []))
  return order
}

function rowWriter(ours: Table, theirs: Table, columns: readonly string[]) {
  const { lineEnd, format } = ours
  const separator = format === 'tsv' ? '\t' : ','
  const isAsIn = (table: Table) => table.columns.join('\0') === columns.join('\0')
  const closed = (raw: string) => (raw.endsWith('\n') ? raw : `${raw}${lineEnd}`)
  return {
    header(): string {
      if (format === 'jsonl') return ''
      if (isAsIn(ours)) return closed(ours.header)
      const bom = ours.header.startsWith('\ufeff') ? '\ufeff' : ''
      const names = columns.map((column) =>
        (ours.rawColumns.get(column) ?? theirs.rawColumns.get(column)!).replace('\ufeff', ''),
      )
      return `${bom}${names.join(separator)}${lineEnd}`
    },
    /** @param as - written as it stands, if its columns are the table's */
    row(cells: ReadonlyMap<string, Cell>, as: Row | undefined): string {
      if (format === 'jsonl') return as ? closed(as.raw) : `${jsonObject(cells, ours)}${lineEnd}`
      const keepsShape = as && [...as.cells.keys()].join('\0') === columns.join('\0')
      if (keepsShape) return closed(as.raw)
      return `${columns.map((column) => cells.get(column)?.raw ?? '').join(separator)}${lineEnd}`
    },
  }
}

/** Spaced as the first row of the table is. */
function jsonObject(cells: ReadonlyMap<string, Cell>, { rows }: Table): string {
  const sample = rows.values().next().value?.raw ?? ''
  const colon = /"\s*:\s/.test(sample) ? ': ' : ':'
  const comma = /,\s+"/.test(sample) ? ', ' : ','
  return `{${[...cells].map(([name, { raw }]) => `${JSON.stringify(name)}${colon}${raw}`).join(comma)}}`
}
