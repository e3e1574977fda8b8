/** Compiles the kernels: `npm run kernels`. The results are checked in; a test rebuilds them byte for byte.
 *  `rs2-relaxed.wasm` differs in one instruction, the table lookup, and is used where the runtime knows it;
 *  `rs2-scalar.wasm` has a source of its own without vector instructions. */

import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { roundsSource, scalarRoundsSource } from './rounds.ts'

const here = new URL('.', import.meta.url)

export const KERNELS = ['rs2.wasm', 'rs2-relaxed.wasm', 'rs2-scalar.wasm'] as const

const FEATURES = { 'rs2.wasm': ['simd'], 'rs2-relaxed.wasm': ['simd', 'relaxed-simd'], 'rs2-scalar.wasm': [] }

/** The compiled kernel of that name. */
export async function buildKernel(name: (typeof KERNELS)[number]): Promise<Uint8Array> {
  const { default: asc } = await import('assemblyscript/asc')
  let binary: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [
      name === 'rs2-scalar.wasm' ? 'scalar-index.ts' : 'index.ts',
      '--outFile',
      name,
      '--optimizeLevel',
      '3',
      '--shrinkLevel',
      '0',
      '--converge',
      '--noAssert',
      '--runtime',
      'stub',
      '--initialMemory',
      '1',
      '--use',
      'abort=',
      ...FEATURES[name].flatMap((feature) => ['--enable', feature]),
    ],
    {
      // The unrolled rounds exist only here, as text.
      readFile: async (file: string) => {
        if (basename(file) === 'rounds.ts') return roundsSource()
        if (basename(file) === 'scalar-rounds.ts') return scalarRoundsSource()
        return readFile(new URL(`assembly/${basename(file)}`, here), 'utf8').catch(() => null)
      },
      writeFile: (file: string, contents: string | Uint8Array) => {
        if (typeof contents !== 'string' && file.endsWith('.wasm')) binary = contents
      },
      listFiles: () => [],
    },
  )
  if (error || !binary) throw new Error(`the kernel does not compile: ${error?.message}\n${stderr}`)
  return binary
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of KERNELS) {
    const binary = await buildKernel(name)
    await writeFile(new URL(name, here), binary)
    console.log(`${name}: ${binary.length} bytes`)
  }
}
