/** Makes dist/: compiled TypeScript beside the WebAssembly kernels and Move bytecode that it loads by URL. */

import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
rmSync('dist', { recursive: true, force: true })
execFileSync(join('node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
for (const asset of globSync(['src/**/*.wasm', 'src/move/**/*.json'])) {
  const target = asset.replace(/^src/, 'dist')
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(asset, target)
}
chmodSync('dist/cli/bin.js', 0o755)
