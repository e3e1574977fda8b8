/** Compiles counter.move against the framework in src/move and writes counter.json. Run by hand: node test/vectors/localnet/build.ts */

import { readFileSync, writeFileSync } from 'node:fs'
import {
  initMovePackageBuilder,
  MovePackageFetcher,
  prepareMovePackagePublish,
} from '@zktx.io/sui-move-builder/full'
import { packageFiles } from '../../../src/move/compiler.ts'

class Offline extends MovePackageFetcher {
  override async fetch(_git: string, _revision: string, folder?: string): Promise<Record<string, string>> {
    return packageFiles(folder?.endsWith('move-stdlib') ? 'move-stdlib' : 'sui-framework', false)
  }
  override async fetchFile(): Promise<null> {
    return null
  }
}

const here = new URL('./', import.meta.url)
await initMovePackageBuilder()
const files = {
  'Move.toml': '[package]\nname = "counter"\nedition = "2024"\n\n[addresses]\ncounter = "0x0"\n',
  'sources/counter.move': readFileSync(new URL('counter.move', here), 'utf8'),
}
const built = await prepareMovePackagePublish({ files, fetcher: new Offline(), network: 'testnet' })
if ('error' in built) throw new Error(String(built.error))
const { modules, dependencies } = built as unknown as { modules: string[]; dependencies: string[] }
writeFileSync(new URL('counter.json', here), `${JSON.stringify({ modules, dependencies }, null, 2)}\n`)
console.log(modules.map((module) => module.length), dependencies)
