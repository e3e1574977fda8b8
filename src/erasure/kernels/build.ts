/** Compiles the kernels: `npm run kernels`. The results are checked in; a test rebuilds them byte for byte.
 *  `rs2-relaxed.wasm` differs in the table lookup and one rotation, and is used where the runtime knows it;
 *  `rs2-scalar.wasm` has no vector instructions: wherever there is a `scalar-` file it takes the place of the other. */

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
      'index.ts',
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
      readFile: (file: string) => readSource(basename(file), name === 'rs2-scalar.wasm'),
      writeFile: (file: string, contents: string | Uint8Array) => {
        if (typeof contents !== 'string' && file.endsWith('.wasm')) binary = contents
      },
      listFiles: () => [],
    },
  )
  if (error || !binary) throw new Error(`the kernel does not compile: ${error?.message}\n${stderr}`)
  return binary
}

async function readSource(file: string, isScalar: boolean): Promise<string | null> {
  // The unrolled rounds exist only here, as text.
  if (file === 'rounds.ts') return isScalar ? scalarRoundsSource() : roundsSource()
  const read = (name: string) => readFile(new URL(`assembly/${name}`, here), 'utf8').catch(() => null)
  return (isScalar ? await read(`scalar-${file}`) : null) ?? read(file)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of KERNELS) {
    const binary = await buildKernel(name)
    await writeFile(new URL(name, here), binary)
    console.log(`${name}: ${binary.length} bytes`)
  }
}
