import { expect, it } from 'vitest'
import { runAtScale, type ScaleResult, writeBigFile, writeManyFiles } from './scale.ts'

function check(result: ScaleResult): void {
  process.stdout.write(`${JSON.stringify({ ...result.peaks, network: result.networkPeak })}\n`)
  expect(result.clone).toBe(result.original)
  for (const [verb, peak] of Object.entries(result.peaks)) expect(peak, verb).toBeLessThan(2 ** 30)
  expect(result.networkPeak).toBeLessThan(2 ** 31)
}

it('10,000 files of 1 to 8 KB in 100 folders', async () => {
  check(await runAtScale((dir) => writeManyFiles(dir, 10_000)))
})

it('one file of 1 GiB', async () => {
  check(await runAtScale((dir) => writeBigFile(dir, 2 ** 30)))
})
