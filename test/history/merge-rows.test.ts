import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type MergedTable, mergeTables } from '../../src/history/merge-rows.ts'
import { parseTable, type TableFormat, tableFormatOf } from '../../src/history/table.ts'

const labels = { ours: 'HEAD', theirs: 'dev' }
const merge = (base: string, ours: string, theirs: string, format: TableFormat = 'csv', keys = ['id']): MergedTable =>
  mergeTables({ base, ours, theirs }, { format, keys }, labels, 't')

const BASE = 'id,name,n\n1,one,10\n2,"two, too",20\n3,three,30\n'

describe('merging tables by rows', () => {
  it('takes rows that one side added, changed or deleted, and different cells of one row', () => {
    const ours = 'id,name,n\n1,ONE,10\n2,"two, too",20\n25,between,25\n3,three,30\n'
    const theirs = 'id,name,n\n1,one,11\n3,three,30\n4,"fo""ur",40\n'
    expect(merge(BASE, ours, theirs)).toEqual({
      text: 'id,name,n\n1,ONE,11\n25,between,25\n3,three,30\n4,"fo""ur",40\n',
      conflicts: 0,
    })
  })

  it('merges neighbouring rows, which merging by lines cannot', () => {
    expect(merge('id,a\n1,x\n2,y\n', 'id,a\n1,X\n2,y\n', 'id,a\n1,x\n2,Y\n').text).toBe('id,a\n1,X\n2,Y\n')
  })

  it('adds a column of one side to the rows of the other, and drops one that is deleted', () => {
    const ours = 'id,name,label,n\n1,one,a,10\n2,"two, too",b,20\n3,three,"c",30\n'
    expect(merge(BASE, ours, `${BASE}4,four,40\n`).text).toBe(
      'id,name,label,n\n1,one,a,10\n2,"two, too",b,20\n3,three,"c",30\n4,four,,40\n',
    )
    expect(merge(BASE, 'id,name\n1,one\n2,"two, too"\n3,three\n', `${BASE}4,"4",40\n`).text).toBe(
      'id,name\n1,one\n2,"two, too"\n3,three\n4,"4"\n',
    )
    const both = merge('id,a\n1,x\n', 'id,a,ours\n1,x,o\n', 'id,theirs,a\n1,t,x\n')
    expect(both).toEqual({ text: 'id,theirs,a,ours\n1,t,x,o\n', conflicts: 0 })
  })

  it('shows both versions of a row whose cell both changed, or that one deleted and the other changed', () => {
    expect(merge('id,a\n1,x\n2,y\n3,z\n', 'id,a\n1,ours\n2,changed\n3,z\n', 'id,a\n1,theirs\n3,Z\n')).toEqual({
      text: [
        'id,a\n<<<<<<< HEAD\n1,ours\n=======\n1,theirs\n>>>>>>> dev\n',
        '<<<<<<< HEAD\n2,changed\n=======\n>>>>>>> dev\n3,Z\n',
      ].join(''),
      conflicts: 2,
    })
    expect(merge('id,a\n1,x\n', 'id\n1\n', 'id,a\n1,changed\n').conflicts).toBe(1)
  })

  it('keeps quoting, line ends, a byte order mark and a missing last line end as they were', () => {
    expect(
      merge('id,a\r\n"1","x"\r\n2,y\r\n', '\ufeffid,a\r\n"1","x"\r\n2,Y', 'id,a\r\n"1","x"\r\n2,y\r\n"3",z\r\n').text,
    ).toBe('\ufeffid,a\r\n"1","x"\r\n2,Y\r\n"3",z')
    // Written otherwise is not changed.
    expect(merge('id,a\n1,x\n', 'id,a\n"1","x"\n', 'id,a\n1,y\n').text).toBe('id,a\n"1",y\n')
    expect(merge('id\ta\n1\t"a\n,b"\n', 'id\ta\n1\t"a\n,b"\n2\t\n', 'id\ta\n', 'tsv').text).toBe('id\ta\n2\t\n')
  })

  it('keeps the order of the side that moved rows, and puts new ones behind those they followed', () => {
    const theirs = 'id,a\n3,z\n1,x\n2,y\n'
    expect(merge('id,a\n1,x\n2,y\n3,z\n', 'id,a\n1,x\n15,new\n2,y\n3,z\n', theirs).text).toBe(
      'id,a\n3,z\n1,x\n15,new\n2,y\n',
    )
  })

  it('merges JSON Lines member by member, numbers and all else as they were written', () => {
    const base = '{"id": 1, "a": 1.0, "b": {"c": [1, 2]}}\n{"id": 2, "a": 12345678901234567890}\n'
    const ours = base.replace('1.0', '1.5')
    const theirs = base.replace('[1, 2]', '[1, 2, "}"]').replace('890}', '890, "new": "x\\"y"}')
    expect(merge(base, ours, theirs, 'jsonl')).toEqual({
      text: '{"id": 1, "a": 1.5, "b": {"c": [1, 2, "}"]}}\n{"id": 2, "a": 12345678901234567890, "new": "x\\"y"}\n',
      conflicts: 0,
    })
  })

  it('tells rows by several columns together', () => {
    const base = 'a,b,v\n1,1,x\n1,2,y\n'
    const rule = ['a', 'b']
    expect(merge(base, base.replace('x', 'X'), base.replace('y', 'Y'), 'csv', rule).text).toBe('a,b,v\n1,1,X\n1,2,Y\n')
  })

  it.each([
    ['TABLE_KEY_DUPLICATE', 'id,a\n1,x\n"1",y\n'],
    ['TABLE_KEY_UNKNOWN', 'key,a\n1,x\n'],
    ['TABLE_MALFORMED', 'id,a\n1\n'],
    ['TABLE_MALFORMED', 'id,a\n1,"x\n'],
    ['TABLE_MALFORMED', 'id,a\n1,"x"y\n'],
    ['TABLE_MALFORMED', 'id,a\n1,x"y\n'],
    ['TABLE_MALFORMED', 'id,id\n1,1\n'],
  ])('refuses with %s what no row can be told by', (code, text) => {
    for (const [ours, theirs] of [[text, BASE] as const, [BASE, text] as const])
      expect(() => merge(BASE, ours!, theirs!)).toThrow(expect.objectContaining({ code, exitCode: 1 }))
  })

  it.each(['[1]\n', '{"id":1\n', '{"id":1}\n\n', '{"id":1,"id":2}\n', '1\n'])('refuses %j as a row of JSON', (text) => {
    expect(() => merge('', text, '', 'jsonl')).toThrow(expect.objectContaining({ code: 'TABLE_MALFORMED' }))
  })

  it('knows formats by extension', () => {
    expect(['a.csv', 'd/a.TSV', 'a.jsonl', 'a.ndjson', 'a.parquet', 'csv'].map(tableFormatOf)).toEqual([
      'csv',
      'tsv',
      'jsonl',
      'jsonl',
      undefined,
      undefined,
    ])
  })
})

const field = fc.constantFrom('x', '', 'a,b', 'say "hi"', 'two\nlines', '\r', ' ', 'é')
const written = fc
  .tuple(field, fc.boolean())
  .map(([value, quoted]) => (quoted || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value))

describe('any table', () => {
  it('is cut into rows and cells that make up the text again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(written, written), { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n'),
        (rows, end) => {
          const text = ['id,a,b', ...rows.map(([a, b], index) => `${index},${a},${b}`)].join(end) + end
          const table = parseTable(text, 'csv', ['id'], 't')
          expect(table.header + [...table.rows.values()].map(({ raw }) => raw).join('')).toBe(text)
          expect([...table.rows.values()].map(({ cells }) => [cells.get('a')!.raw, cells.get('b')!.raw])).toEqual(rows)
        },
      ),
      { seed: 4, numRuns: 300 },
    )
  })

  it('merged with an unchanged one is itself, and either order of sides gives the same rows', () => {
    const table = fc.uniqueArray(fc.tuple(fc.nat(9), written), { selector: ([id]) => id, maxLength: 8 })
    const asText = (rows: [number, string][]) => `id,a\n${rows.map(([id, a]) => `${id},${a}\n`).join('')}`
    fc.assert(
      fc.property(table, table, table, (base, ours, theirs) => {
        const [b, o, t] = [asText(base), asText(ours), asText(theirs)]
        expect(merge(b, o, b)).toEqual({ text: o, conflicts: 0 })
        expect(merge(b, b, t)).toEqual({ text: t, conflicts: 0 })
        const one = merge(b, o, t)
        const other = merge(b, t, o)
        expect(one.conflicts).toBe(other.conflicts)
        if (one.conflicts > 0) return
        const rows = (text: string) =>
          new Map(
            [...parseTable(text, 'csv', ['id'], 't').rows].map(([key, { cells }]) => [key, cells.get('a')!.value]),
          )
        expect(rows(one.text)).toEqual(rows(other.text))
        // Row by row, as a table of three Maps would have it.
        const [bases, mine, others] = [rows(b), rows(o), rows(t)]
        for (const key of new Set([...bases.keys(), ...mine.keys(), ...others.keys()]))
          expect(rows(one.text).get(key)).toBe(mine.get(key) === bases.get(key) ? others.get(key) : mine.get(key))
      }),
      { seed: 5, numRuns: 300 },
    )
  })

  it('and any text is merged or refused with a code, never more', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc
        .array(fc.constantFrom('id', ',', '"', '\n', '\r\n', '1', '{', '}', '"id":1', ':', '\\', '[', ']'), {
          maxLength: 20,
        })
        .map((p) => p.join('')),
    )
    fc.assert(
      fc.property(
        text,
        text,
        text,
        fc.constantFrom<TableFormat>('csv', 'tsv', 'jsonl'),
        (base, ours, theirs, format) => {
          try {
            merge(base, ours, theirs, format)
          } catch (error) {
            expect((error as { code: string }).code).toMatch(/^TABLE_(MALFORMED|KEY_UNKNOWN|KEY_DUPLICATE)$/)
          }
        },
      ),
      { seed: 6, numRuns: 2000 },
    )
  })
})
