/** A ledger in a temporary folder with the framework, WAL and the counter package, and the official client for it. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import {
  type GenesisPackage,
  type LedgerHandle,
  type LedgerOptions,
  startLedger,
} from '../../../src/localnet/ledger/index.ts'
import { loadPackage } from '../../../src/move/packages.ts'

interface CounterFile {
  modules: string[]
  dependencies: string[]
}

const counterFile: CounterFile = JSON.parse(
  readFileSync(new URL('../../vectors/localnet/counter.json', import.meta.url), 'utf8'),
)

/** The package of test/vectors/localnet/counter.move. */
export const counterPackage: GenesisPackage = {
  name: 'counter',
  modules: counterFile.modules.map((module) => new Uint8Array(Buffer.from(module, 'base64'))),
  dependencies: counterFile.dependencies,
}

export function genesisPackages(): GenesisPackage[] {
  const fixed = (['move-stdlib', 'sui-framework', 'wal'] as const).map((name) => {
    const { address, modules, dependencies } = loadPackage(name)
    return { name, id: address, modules: modules.map(({ bytes }) => bytes), dependencies }
  })
  return [...fixed, counterPackage]
}

export interface TestLedger extends AsyncDisposable {
  dir: string
  ledger: LedgerHandle
  client: SuiGrpcClient
  warnings: Error[]
  counterPackageId: string
  /** The shared counter that `init` made. */
  counterId: string
  /** A new key with this much SUI in each of so many coins. */
  createUser(mist?: bigint, coins?: number): Promise<{ keypair: Ed25519Keypair; address: string }>
  /** Closes the ledger and opens its folder again. */
  restart(): Promise<void>
}

export async function startTestLedger(options: Partial<LedgerOptions> = {}): Promise<TestLedger> {
  const dir = mkdtempSync(join(tmpdir(), 'floe-ledger-'))
  const warnings: Error[] = []
  const open = () =>
    startLedger({ dir, durability: 'never', onWarning: (warning) => warnings.push(warning), ...options })
  let ledger = await open()
  const genesis = await ledger.genesis({ packages: genesisPackages() })
  const publication = genesis.publications.get('counter')!
  const counterId = publication.changed.find(({ type }) => type.endsWith('::counter::Counter'))!.id
  const test: TestLedger = {
    dir,
    warnings,
    counterId,
    counterPackageId: genesis.packages.get('counter')!,
    get ledger() {
      return ledger
    },
    client: new SuiGrpcClient({ network: 'localnet', baseUrl: ledger.rpcUrl }),
    async createUser(mist = 10_000_000_000n, coins = 1) {
      const keypair = new Ed25519Keypair()
      const address = keypair.toSuiAddress()
      for (let i = 0; i < coins; i++) await ledger.fund(address, mist)
      return { keypair, address }
    },
    async restart() {
      await ledger.close()
      ledger = await open()
      test.client = new SuiGrpcClient({ network: 'localnet', baseUrl: ledger.rpcUrl })
    },
    async [Symbol.asyncDispose]() {
      await ledger.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
  return test
}

/** The first u64 after an object's id. */
export function u64Field(test: TestLedger, id: string): bigint {
  const { data } = test.ledger.getObject(id)!
  if (data.kind !== 'move') throw new Error('a package has no fields')
  return new DataView(data.contents.buffer, data.contents.byteOffset).getBigUint64(32, true)
}
