/** Compiles the kernel: `node src/worktree/kernels/build.ts` rewrites `prove.wasm`, which is checked in. */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const SOURCE = new URL('./assembly/prove.ts', import.meta.url)
const TARGET = new URL('./prove.wasm', import.meta.url)

/** The compiled kernel; the same bytes for the same source and compiler.
 *  @throws {Error} with the compiler's diagnostics */
export async function buildProverKernel(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    // The memory is the one that threads share, of whatever size the records take.
    [
      ...['prove.ts', '--outFile', 'prove.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'threads'],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
    ],
    {
      readFile: (name) => (name === 'prove.ts' ? readFileSync(SOURCE, 'utf8') : null),
      writeFile: (name, contents) => {
        if (name === 'prove.wasm') wasm = contents as Uint8Array
      },
      listFiles: () => [],
    },
  )
  if (error || !wasm) throw new Error(`the kernel does not compile: ${stderr.toString()}`, { cause: error })
  return wasm
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, await buildProverKernel())
