import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { buildGearKernel } from '../../src/chunking/kernels/build.ts'

it('rebuilding the kernel from its source gives the bytes that are checked in', async () => {
  const checkedIn = readFileSync(new URL('../../src/chunking/kernels/gear.wasm', import.meta.url))
  expect(toHex(await buildGearKernel())).toBe(toHex(checkedIn))
})
