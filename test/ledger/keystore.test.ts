import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { Transaction } from '@mysten/sui/transactions'
import { verifyTransactionSignature } from '@mysten/sui/verify'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  generateKeyFile,
  KEY_SCHEMES,
  listKeyFiles,
  openOrGenerateSigner,
  openSigner,
  signerFromKey,
  signerFromSecret,
  writeKeyFile,
} from '../../src/ledger/keystore.ts'
import { transactionDigest } from '../../src/ledger/transaction-digest.ts'
import { generateKey } from '../../src/repo/key.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'floe-keys-'))
})
afterEach(() => rm(home, { recursive: true }))

describe('keystore', () => {
  it('keeps keys in files that only their owner can read, and lists addresses without secrets', async () => {
    const record = await generateKeyFile(home, 'main')
    const path = join(home, 'keys', 'main.key')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const secret = (await readFile(path, 'utf8')).trim()
    expect(secret).toMatch(/^suiprivkey1[a-z0-9]+$/)
    const listed = await listKeyFiles(home)
    expect(listed).toEqual([{ alias: 'main', address: record.address, scheme: 'ED25519' }])
    const signer = await openSigner(home, { $kind: 'alias', name: 'main' })
    expect(signer.address).toBe(record.address)
    expect(inspect(signer, { depth: 9, showHidden: true }) + JSON.stringify([signer, listed])).not.toContain(secret)
  })

  it('signs what the official verifier accepts for the address', async () => {
    await generateKeyFile(home, 'main')
    const signer = await openSigner(home, { $kind: 'file', path: join(home, 'keys', 'main.key') })
    const transaction = new Transaction()
    transaction.setSender(signer.address)
    transaction.setGasPrice(1000)
    transaction.setGasBudget(1000)
    transaction.setGasPayment([{ objectId: '0x1', version: 1, digest: '11111111111111111111111111111111' }])
    const bytes = await transaction.build()
    const key = await verifyTransactionSignature(bytes, await signer.signTransaction(bytes), {
      address: signer.address,
    })
    expect(key.toSuiAddress()).toBe(signer.address)
    expect(transactionDigest(bytes)).toBe(await transaction.getDigest())
  })

  it('signs with Ed25519 as the SDK does, byte for byte', async () => {
    const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    await fc.assert(
      fc.asyncProperty(bytesOf(32), fc.uint8Array({ maxLength: 300 }), async (secretKey, message) => {
        const theirs = Ed25519Keypair.fromSecretKey(secretKey)
        const ours = await signerFromSecret(theirs.getSecretKey())
        expect(ours.address).toBe(theirs.toSuiAddress())
        expect(await ours.signTransaction(message)).toBe((await theirs.signTransaction(message)).signature)
        const { publicKey } = await signerFromKey('ED25519', secretKey)
        expect(publicKey).toEqual(theirs.getPublicKey().toSuiBytes())
      }),
      { numRuns: 20 },
    )
    await expect(signerFromKey('ED25519', new Uint8Array(31))).rejects.toMatchObject({ code: 'KEY_MALFORMED' })
  })

  it('takes no changed character of a private key for another key', async () => {
    const text = Ed25519Keypair.fromSecretKey(new Uint8Array(32).fill(7)).getSecretKey()
    const character = fc.constantFrom(...'qpzry9x8gf2tvdw0s3jn54khce6mua7lQ1 \u0000é')
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), character, async (at, other) => {
        const changed = text.slice(0, at) + other + text.slice(at + 1)
        if (changed === text) return
        await expect(signerFromSecret(changed)).rejects.toMatchObject({ code: 'KEY_MALFORMED' })
      }),
      { numRuns: 200 },
    )
  })

  it('makes keys of every scheme that the chain has for one signer', async () => {
    for (const scheme of KEY_SCHEMES) {
      const { address } = await generateKeyFile(home, scheme, scheme)
      const signer = await openSigner(home, { $kind: 'alias', name: scheme })
      expect(signer).toMatchObject({ address, scheme: expect.stringMatching(new RegExp(`^${scheme}$`, 'i')) })
      const bytes = Uint8Array.of(1, 2, 3)
      const key = await verifyTransactionSignature(bytes, await signer.signTransaction(bytes), { address })
      expect(key.toSuiAddress()).toBe(address)
    }
    await expect(generateKey(home, { alias: 'x', scheme: 'rsa' })).rejects.toMatchObject({
      code: 'KEY_SCHEME_UNKNOWN',
      exitCode: 2,
    })
    // Zero is no secret of these curves.
    for (const scheme of ['Secp256k1', 'Secp256r1'])
      await expect(signerFromKey(scheme, new Uint8Array(32))).rejects.toMatchObject({ code: 'KEY_MALFORMED' })
    await expect(signerFromKey('toString', new Uint8Array(32))).rejects.toMatchObject({
      code: 'KEY_SCHEME_UNSUPPORTED',
    })
  })

  it('never replaces a key', async () => {
    const { address } = await generateKeyFile(home, 'main')
    await expect(generateKeyFile(home, 'main')).rejects.toMatchObject({ code: 'KEY_EXISTS' })
    expect((await openSigner(home, { $kind: 'alias', name: 'main' })).address).toBe(address)
  })

  it('gives two processes that start at once the same key', async () => {
    const signers = await Promise.all([1, 2, 3].map(() => openOrGenerateSigner(home, 'local')))
    expect(new Set(signers.map((signer) => signer.address)).size).toBe(1)
  })

  it('refuses a key file that others can read', async () => {
    await generateKeyFile(home, 'main')
    await chmod(join(home, 'keys', 'main.key'), 0o644)
    await expect(openSigner(home, { $kind: 'alias', name: 'main' })).rejects.toMatchObject({
      code: 'KEY_EXPOSED',
      exitCode: 12,
    })
    expect(await listKeyFiles(home)).toEqual([])
  })

  it('does not repeat a malformed secret in its error', async () => {
    const secret = 'suiprivkey1qqqqsecretsecretsecret'
    const error = await signerFromSecret(secret).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'KEY_MALFORMED', exitCode: 12 })
    expect(inspect(error, { depth: 9 })).not.toContain('secretsecret')
    await expect(writeKeyFile(home, 'bad', secret)).rejects.toMatchObject({ code: 'KEY_MALFORMED' })
    await writeFile(join(home, 'junk.key'), 'x'.repeat(5000), { mode: 0o600 })
    await expect(openSigner(home, { $kind: 'file', path: join(home, 'junk.key') })).rejects.toMatchObject({
      code: 'KEY_MALFORMED',
    })
  })

  it('refuses aliases that would leave the folder, and names a missing key', async () => {
    await expect(generateKeyFile(home, '../x')).rejects.toMatchObject({ code: 'KEY_ALIAS_MALFORMED', exitCode: 2 })
    await expect(openSigner(home, { $kind: 'alias', name: 'nobody' })).rejects.toMatchObject({ code: 'KEY_MISSING' })
    expect(await listKeyFiles(home)).toEqual([])
  })
})
