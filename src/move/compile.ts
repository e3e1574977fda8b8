/** `node src/move/compile.ts FOLDER`: compiles somebody's Move package offline and prints what a publish command takes, in
 *  the form of `sui move build --dump-bytecode-as-base64`: `{ modules, dependencies, digest }`. */

import { compileFiles, folderFiles } from './compiler.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('Usage: node src/move/compile.ts FOLDER\n')
  process.exitCode = 2
} else {
  const { modules, dependencies, digest } = await compileFiles(folder, folderFiles(folder, false))
  const text = modules.map((module) => Buffer.from(module).toString('base64'))
  process.stdout.write(`${JSON.stringify({ modules: text, dependencies, digest: [...digest] })}\n`)
}
