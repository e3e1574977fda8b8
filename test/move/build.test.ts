import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildAbortCodes, buildNextWalrus, buildPackageFile, jsonText } from '../../src/move/package-files.ts'
import { BUILT_PACKAGE_NAMES } from '../../src/move/packages.ts'

const checkedIn = (path: string) => readFileSync(new URL(`../../src/move/${path}`, import.meta.url), 'utf8')

describe('the checked-in bytecode', () => {
  for (const name of BUILT_PACKAGE_NAMES) {
    it(`of ${name} is what its sources compile to, byte for byte`, async () => {
      expect(jsonText(await buildPackageFile(name))).toBe(checkedIn(`build/${name}.json`))
    })
  }

  it('of the next walrus is that of its sources with another version', async () => {
    expect(jsonText(await buildNextWalrus())).toBe(checkedIn('build/walrus-next.json'))
  })

  it('fits the checked-in abort codes', () => {
    expect(jsonText(buildAbortCodes())).toBe(checkedIn('abort-codes.json'))
  })
})
