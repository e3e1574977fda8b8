/** Makes dist/, or the folder given: compiled TypeScript beside the WebAssembly kernels and Move bytecode that it loads by URL. */

import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
const out = process.argv[2] ?? 'dist'
rmSync(out, { recursive: true, force: true })
execFileSync(join('node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json', '--outDir', out], { stdio: 'inherit' })
for (const asset of globSync(['src/**/*.wasm', 'src/move/**/*.json'])) {
  const target = asset.replace(/^src/, out)
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(asset, target)
}
chmodSync(join(out, 'cli/bin.js'), 0o755)
