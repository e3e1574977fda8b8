import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { buildKernel, KERNELS } from '../../src/erasure/kernels/build.ts'

describe('the checked-in kernels', () => {
  it.each(KERNELS)('%s is what its source compiles to', async (name) => {
    const checkedIn = await readFile(new URL(`../../src/erasure/kernels/${name}`, import.meta.url))
    expect(Buffer.compare(await buildKernel(name), checkedIn)).toBe(0)
  })
})
