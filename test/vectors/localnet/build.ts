/** Compiles counter.move and visitor.move against the packages in src/move and writes a .json beside each. Run by hand:
 *  node test/vectors/localnet/build.ts */

import { readFileSync, writeFileSync } from 'node:fs'
import {
  initMovePackageBuilder,
  MovePackageFetcher,
  prepareMovePackagePublish,
} from '@zktx.io/sui-move-builder/full'
import { packageFiles } from '../../../src/move/compiler.ts'

const OURS = ['wal', 'walrus', 'floe'] as const

class Offline extends MovePackageFetcher {
  override async fetch(_git: string, _revision: string, folder?: string): Promise<Record<string, string>> {
    const ours = OURS.find((name) => folder?.split('/').at(-1) === name)
    return packageFiles(ours ?? (folder?.endsWith('move-stdlib') ? 'move-stdlib' : 'sui-framework'), false)
  }
  override async fetchFile(): Promise<null> {
    return null
  }
}

const here = new URL('./', import.meta.url)
await initMovePackageBuilder()

async function build(name: string, uses: readonly string[]): Promise<void> {
  // The builder knows no folders; the fetcher above answers for this address.
  const git = (used: string) => `${used} = { git = "https://example.org/floe.git", subdir = "src/move/${used}", rev = "main" }`
  const files = {
    'Move.toml':
      `[package]\nname = "${name}"\nedition = "2024"\n\n[dependencies]\n${uses.map(git).join('\n')}\n\n` +
      `[addresses]\n${name} = "0x0"\n`,
    [`sources/${name}.move`]: readFileSync(new URL(`${name}.move`, here), 'utf8'),
  }
  const built = await prepareMovePackagePublish({ files, fetcher: new Offline(), network: 'testnet' })
  if ('error' in built) throw new Error(String(built.error))
  const { modules, dependencies } = built as unknown as { modules: string[]; dependencies: string[] }
  writeFileSync(new URL(`${name}.json`, here), `${JSON.stringify({ modules, dependencies }, null, 2)}\n`)
  console.log(name, modules.map((module) => module.length), dependencies)
}

await build('counter', [])
await build('visitor', OURS)
