/** What a user does who writes a Move package beside Floe's: compile it offline, publish it on a local ledger with the
 *  official client, call Floe from it, and make every mistake a machine has a limit for. */

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { requestSuiFromFaucetV2 } from '@mysten/sui/faucet'
import { SuiGrpcClient } from '@mysten/sui/grpc'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { Transaction } from '@mysten/sui/transactions'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LedgerHandle, startLedger } from '../../src/localnet/ledger/index.ts'
import { loadPackages, PACKAGE_ADDRESSES } from '../../src/move/packages.ts'

const MANIFEST = `[package]
name = "guild"
edition = "2024"

[dependencies]
floe = { local = "../floe" }

[addresses]
guild = "0x0"
`
const SOURCE = `module guild::guild;

use floe::repository::{Self, AdminCap};
use std::string::String;
use sui::balance;
use sui::clock::Clock;
use sui::coin::{Self, Coin};
use sui::dynamic_field as df;
use sui::event;
use sui::sui::SUI;

public struct Note has copy, drop { words: vector<u8> }
public struct Page has key, store { id: UID, words: vector<u8> }

/// A repository in which the caller writes, as every member of the guild does.
public fun found(name: String, clock: &Clock, ctx: &mut TxContext): AdminCap {
    let (repository, cap) = repository::create(name, 1000, clock, ctx);
    repository.share();
    cap
}

public fun for_ever() { loop {} }
public fun dive(n: u64): u64 { if (n == 0) 0 else 1 + dive(n - 1) }
public fun hoard() { let mut all = vector[1u64]; loop { let more = all; all.append(more) } }
public fun copy_again() { let words = words(5_000); loop { let _ = words; } }
public fun shout(n: u64, size: u64) { let mut i = 0; while (i < n) { event::emit(Note { words: words(size) }); i = i + 1 } }
public fun write(size: u64, ctx: &mut TxContext): Page { Page { id: object::new(ctx), words: words(size) } }
public fun litter(n: u64, ctx: &mut TxContext) {
    let mut i = 0;
    while (i < n) { transfer::public_transfer(write(0, ctx), ctx.sender()); i = i + 1 }
}
public fun fill(page: &mut Page, from: u64, to: u64) {
    let mut i = from;
    while (i < to) { df::add(&mut page.id, i, true); i = i + 1 }
}
public fun read(page: &Page, n: u64) { let mut i = 0; while (i < n) { let _: &bool = df::borrow(&page.id, i); i = i + 1 } }
/// What was sent to the page without a coin.
public fun collect(page: &mut Page, amount: u64, ctx: &mut TxContext): Coin<SUI> {
    coin::redeem_funds(balance::withdraw_funds_from_object(&mut page.id, amount), ctx)
}
public fun crash(at: u64): u64 { 10 / (at - at) }

/// 8 bytes for each, and two or three for their number.
fun words(n: u64): vector<u8> {
    let mut words = vector[];
    while (words.length() < n) words.push_back(7u64);
    std::bcs::to_bytes(&words)
}
`

let dir: string
let ledger: LedgerHandle
let client: SuiGrpcClient
let packageId: string
let lastError = ''
const signer = new Ed25519Keypair()
const address = signer.toSuiAddress()

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'floe-user-package-'))
  mkdirSync(join(dir, 'guild', 'sources'), { recursive: true })
  writeFileSync(join(dir, 'guild', 'Move.toml'), MANIFEST)
  writeFileSync(join(dir, 'guild', 'sources', 'guild.move'), SOURCE)
  ledger = await startLedger({ dir: join(dir, 'ledger'), durability: 'never' })
  await ledger.genesis({
    packages: loadPackages().map(({ name, address: id, modules, dependencies }) => ({
      name,
      id,
      modules: modules.map(({ bytes }) => bytes),
      dependencies,
    })),
  })
  ledger.onTransaction(({ error }) => {
    lastError = error ?? ''
  })
  client = new SuiGrpcClient({ network: 'localnet', baseUrl: ledger.rpcUrl })
  await requestSuiFromFaucetV2({ host: ledger.faucetUrl, recipient: address })
})
afterAll(async () => {
  await ledger.close()
  rmSync(dir, { recursive: true, force: true })
})

type Build = (tx: Transaction) => void

async function run(build: Build) {
  const transaction = new Transaction()
  build(transaction)
  const include = { effects: true, objectTypes: true } as const
  const result = await client.signAndExecuteTransaction({ transaction, signer, include })
  return result.Transaction!
}

const call =
  (name: string, ...numbers: number[]): Build =>
  (tx) => {
    const made = tx.moveCall({ target: `${packageId}::guild::${name}`, arguments: numbers.map((n) => tx.pure.u64(n)) })
    if (name === 'write') tx.transferObjects([made], address)
  }

/** Signed without a simulation, which would stop it: gas is charged, everything else is undone.
 *  @returns the ledger's own words; the client takes any fault with a place for an abort */
async function failure(build: Build): Promise<string> {
  const tx = new Transaction()
  build(tx)
  tx.setSender(address)
  tx.setGasPrice(1000)
  tx.setGasBudget(10_000_000)
  tx.setGasPayment((await client.listCoins({ owner: address })).objects)
  const result = await client.signAndExecuteTransaction({ transaction: tx, signer, include: { effects: true } })
  expect(result.$kind).toBe('FailedTransaction')
  expect(BigInt(result.FailedTransaction!.effects!.gasUsed.computationCost)).toBeGreaterThan(0n)
  return lastError
}

describe("a user's package", () => {
  it('is compiled offline and published', async () => {
    const compile = fileURLToPath(new URL('../../src/move/compile.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [compile, join(dir, 'guild')])
    const compiled: { modules: string[]; dependencies: string[]; digest: number[] } = JSON.parse(stdout)
    expect(compiled.dependencies).toContain(PACKAGE_ADDRESSES.floe)
    expect(compiled.digest).toHaveLength(32)
    const done = await run((tx) => tx.transferObjects([tx.publish(compiled)], address))
    packageId = done.effects!.changedObjects.find(({ outputState }) => outputState === 'PackageWrite')!.objectId
  })

  it('calls Floe', async () => {
    const { effects, objectTypes } = await run((tx) => {
      const target = `${packageId}::guild::found`
      const cap = tx.moveCall({ target, arguments: [tx.pure.string('ours'), tx.object.clock()] })
      tx.transferObjects([cap], address)
    })
    const made = effects!.changedObjects.filter(({ idOperation }) => idOperation === 'Created')
    const types = made.map(({ objectId }) => objectTypes![objectId])
    expect(types).toContain(`${PACKAGE_ADDRESSES.floe}::repository::Repository`)
    expect(types).toContain(`${PACKAGE_ADDRESSES.floe}::repository::AdminCap`)
  })
})

describe("funds of a package's object", () => {
  it('are taken by its module, up to what was there before the transaction', async () => {
    const { effects } = await run(call('write', 0))
    const page = effects!.changedObjects.find(({ idOperation }) => idOperation === 'Created')!.objectId
    const send = (tx: Transaction, amount: number) =>
      tx.moveCall({
        target: '0x2::coin::send_funds',
        typeArguments: ['0x2::sui::SUI'],
        arguments: [tx.splitCoins(tx.gas, [amount]), tx.pure.address(page)],
      })
    const collect = (tx: Transaction, amount: number) => {
      const target = `${packageId}::guild::collect`
      const coin = tx.moveCall({ target, arguments: [tx.object(page), tx.pure.u64(amount)] })
      tx.transferObjects([coin], '0x77')
    }
    await run((tx) => send(tx, 100))
    await run((tx) => collect(tx, 60))
    expect((await client.getBalance({ owner: '0x77' })).balance.coinBalance).toBe('60')
    const insufficient = /InsufficientBalanceForWithdraw/
    await expect(run((tx) => collect(tx, 41))).rejects.toThrow(insufficient)
    // What comes with the transaction itself does not count, nor does taking in parts.
    const sendAndTake = (tx: Transaction) => {
      send(tx, 100)
      collect(tx, 41)
    }
    await expect(run(sendAndTake)).rejects.toThrow(insufficient)
    const takeTwice = (tx: Transaction) => {
      collect(tx, 25)
      collect(tx, 25)
    }
    await expect(run(takeTwice)).rejects.toThrow(insufficient)
    await run((tx) => collect(tx, 40))
    expect((await client.getBalance({ owner: page })).balance.addressBalance).toBe('0')
  })
})

describe('a package that runs away', () => {
  it.each([
    ['a loop without end', 'for_ever', [], 'InsufficientGas'],
    ['copies without end', 'copy_again', [], 'InsufficientGas'],
    ['a vector that doubles', 'hoard', [], 'InsufficientGas'],
    ['a recursion that is too deep', 'dive', [2000], 'MovePrimitiveRuntimeError'],
    ['a division by nothing', 'crash', [1], 'MovePrimitiveRuntimeError'],
    ['more events than one transaction may have', 'shout', [1025, 1], 'MovePrimitiveRuntimeError'],
    ['an event that is too large', 'shout', [1, 32_001], 'MovePrimitiveRuntimeError'],
    ['an object that is too large', 'write', [32_001], 'MoveObjectTooBig'],
    ['more objects than one transaction may make', 'litter', [2049], 'MovePrimitiveRuntimeError'],
  ] as const)('ends in an error: %s', async (_what, name, numbers, kind) => {
    expect(await failure(call(name, ...numbers))).toContain(kind)
  })

  it('ends in an error: more fields than one transaction may load', async () => {
    const { effects } = await run(call('write', 0))
    const page = effects!.changedObjects.find(({ idOperation }) => idOperation === 'Created')!.objectId
    const on =
      (name: string, ...numbers: number[]): Build =>
      (tx) =>
        tx.moveCall({
          target: `${packageId}::guild::${name}`,
          arguments: [tx.object(page), ...numbers.map((n) => tx.pure.u64(n))],
        })
    await run(on('fill', 0, 600))
    await run(on('fill', 600, 1001))
    await run(on('read', 1000))
    await expect(run(on('read', 1001))).rejects.toThrow(/dynamic_field/)
  })

  it('may do a little less than each limit', async () => {
    await run((tx) => {
      for (const each of [call('dive', 900), call('shout', 1024, 1), call('litter', 1000), call('write', 31_900)])
        each(tx)
    })
  })
})
