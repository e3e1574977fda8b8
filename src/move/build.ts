/** `npm run move`: compiles all packages offline and writes `build/<package>.json`, `build/walrus-next.json`,
 *  `abort-codes.json`, `surface.json` and the TypeScript bindings in `src/ledger/bindings`. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildBindings } from './bindings.ts'
import { buildAbortCodes, buildNextWalrus, buildPackageFile, buildSurface, jsonText } from './package-files.ts'
import { BUILT_PACKAGE_NAMES, type PackageFile, type PackageName } from './packages.ts'

const at = (path: string) => new URL(path, import.meta.url)
mkdirSync(at('./build/'), { recursive: true })
const files: Partial<Record<PackageName, PackageFile>> = {}
for (const name of BUILT_PACKAGE_NAMES) {
  const file = await buildPackageFile(name)
  writeFileSync(at(`./build/${name}.json`), jsonText(file))
  files[name] = file
  console.log(`${name}: ${file.names.length} modules, digest ${file.digest}`)
}
writeFileSync(at('./build/walrus-next.json'), jsonText(await buildNextWalrus()))
writeFileSync(at('./abort-codes.json'), jsonText(buildAbortCodes()))
writeFileSync(at('./surface.json'), jsonText(buildSurface(files)))

const bindings = at('../ledger/bindings/')
rmSync(bindings, { recursive: true, force: true })
for (const [path, text] of buildBindings()) {
  const file = fileURLToPath(new URL(path, bindings))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
