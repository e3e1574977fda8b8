/** `npm run move`: compiles all packages offline and writes `build/<package>.json` and `abort-codes.json`. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { buildAbortCodes, buildPackageFile, jsonText } from './package-files.ts'
import { PACKAGE_NAMES } from './packages.ts'

const at = (path: string) => new URL(path, import.meta.url)
mkdirSync(at('./build/'), { recursive: true })
for (const name of PACKAGE_NAMES) {
  const file = await buildPackageFile(name)
  writeFileSync(at(`./build/${name}.json`), jsonText(file))
  console.log(`${name}: ${file.names.length} modules, digest ${file.digest}`)
}
writeFileSync(at('./abort-codes.json'), jsonText(buildAbortCodes()))
