/** Compiles the packages of this folder against the framework in src/move and writes `<package>.json`.
 *  Run by hand: node test/vectors/move/build.ts */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { initMovePackageBuilder, MovePackageFetcher, prepareMovePackagePublish } from '@zktx.io/sui-move-builder/full'
import { packageFiles } from '../../../src/move/compiler.ts'
import { numbersModule } from './numbers.ts'

class Offline extends MovePackageFetcher {
  override async fetch(_git: string, _revision: string, folder?: string): Promise<Record<string, string>> {
    return packageFiles(folder?.endsWith('move-stdlib') ? 'move-stdlib' : 'sui-framework', false)
  }
  override async fetchFile(): Promise<null> {
    return null
  }
}

async function compile(name: string, sources: Record<string, string>): Promise<void> {
  const files: Record<string, string> = {
    'Move.toml': `[package]\nname = "${name}"\nedition = "2024"\n\n[addresses]\n${name} = "0x0"\n`,
  }
  for (const [path, text] of Object.entries(sources)) files[`sources/${path}`] = text
  const built = await prepareMovePackagePublish({ files, fetcher: new Offline(), network: 'testnet' })
  if ('error' in built) throw new Error(String(built.error))
  outputs.set(name, built as unknown as { modules: string[]; digest: Uint8Array })
}

const outputs = new Map<string, { modules: string[]; digest: Uint8Array }>()
const here = new URL('./', import.meta.url)
const source = (path: string) => readFileSync(new URL(path, here), 'utf8')
function write(file: string, name: string): void {
  const { modules, digest } = outputs.get(name)!
  const text = JSON.stringify({ modules, digest: Buffer.from(digest).toString('hex') }, null, 2)
  writeFileSync(new URL(file, here), `${text}\n`)
}

await initMovePackageBuilder()
const probe = Object.fromEntries(readdirSync(new URL('probe', here)).map((file) => [file, source(`probe/${file}`)]))
await compile('probe', { ...probe, 'numbers.move': numbersModule() })
write('probe.json', 'probe')
for (const version of ['v1', 'v2', 'broken']) {
  await compile('upgraded', { 'api.move': source(`upgrades/${version}.move`) })
  write(`upgraded-${version}.json`, 'upgraded')
}
await compile('borrows', { 'borrows.move': source('borrows.move') })
write('borrows.json', 'borrows')
