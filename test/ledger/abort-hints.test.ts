import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { failureOf } from '../../src/ledger/abort.ts'
import { FLOE_ABORT_HINTS } from '../../src/ledger/abort-hints.ts'
import { parseAddress } from '../../src/ledger/object-id.ts'

type Codes = Record<string, { code: number; name: string; doc: string }[]>
const codes = (
  JSON.parse(readFileSync(new URL('../../src/move/abort-codes.json', import.meta.url), 'utf8')) as { floe: Codes }
).floe
const all = Object.entries(codes).flatMap(([module, entries]) => entries.map((entry) => ({ module, ...entry })))
const packages = new Map([[parseAddress('0xf10e'), 'floe']])

it('every abort of the floe package says what happened and what to do', () => {
  expect(all.length).toBeGreaterThan(70)
  for (const { module, code, name, doc } of all) {
    const error = failureOf(
      {
        message: 'MoveAbort',
        MoveAbort: { abortCode: String(code), location: { package: '0xf10e', module } },
      },
      packages,
    )
    expect(error.data).toMatchObject({ abort: `floe::${module}::${name}` })
    expect(error.message, name).toBe(`the ledger refused: ${doc}`)
    expect(error.hints, `${module}::${name}`).not.toHaveLength(0)
  }
})

it('no hint is about an abort that does not exist', () => {
  const known = new Set(all.map(({ module, name }) => `${module}::${name}`))
  const hinted = Object.entries(FLOE_ABORT_HINTS).flatMap(([module, hints]) =>
    Object.keys(hints).map((name) => `${module}::${name}`),
  )
  expect(hinted.filter((name) => !known.has(name))).toEqual([])
})
