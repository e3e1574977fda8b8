/** Compiles the kernel: `node src/chunking/kernels/build.ts` rewrites `gear.wasm`, which is checked in. */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const SOURCE = new URL('./assembly/gear.ts', import.meta.url)
const TARGET = new URL('./gear.wasm', import.meta.url)

/** The compiled kernel; the same bytes for the same source and compiler.
 *  @throws {Error} with the compiler's diagnostics */
export async function buildGearKernel(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    ['gear.ts', '--outFile', 'gear.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--initialMemory', '18'],
    {
      readFile: (name) => (name === 'gear.ts' ? readFileSync(SOURCE, 'utf8') : null),
      writeFile: (name, contents) => {
        if (name === 'gear.wasm') wasm = contents as Uint8Array
      },
      listFiles: () => [],
    },
  )
  if (error || !wasm) throw new Error(`the kernel does not compile: ${stderr.toString()}`, { cause: error })
  return wasm
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, await buildGearKernel())
