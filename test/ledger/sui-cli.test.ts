import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { decodeSuiPrivateKey } from '@mysten/sui/cryptography'
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519'
import { Secp256k1Keypair } from '@mysten/sui/keypairs/secp256k1'
import { Secp256r1Keypair } from '@mysten/sui/keypairs/secp256r1'
import { verifyTransactionSignature } from '@mysten/sui/verify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FloeError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { parseSuiAliases, parseSuiClientConfig, parseSuiKeystore } from '../../src/ledger/sui-cli-files.ts'
import { openSuiCliSigner } from '../../src/ledger/sui-cli-signer.ts'
import { chooseWallet, forgetWallet, openChosenSigner, readWalletChoice } from '../../src/repo/wallet-choice.ts'

const pairs = [
  Ed25519Keypair.deriveKeypairFromSeed('31'.repeat(32)),
  Secp256k1Keypair.fromSecretKey(new Uint8Array(32).fill(5)),
  Secp256r1Keypair.fromSecretKey(new Uint8Array(32).fill(6)),
] as const
const addresses = pairs.map((pair) => pair.toSuiAddress())
const secrets = pairs.map((pair, flag) =>
  Buffer.from([flag, ...decodeSuiPrivateKey(pair.getSecretKey()).secretKey]).toString('base64'),
)
const KEYSTORE = JSON.stringify(secrets, null, 2)
const ALIASES = JSON.stringify(
  pairs.map((pair, i) => ({
    alias: ['gold', 'silver', 'copper'][i],
    public_key_base64: pair.getPublicKey().toSuiPublicKey(),
  })),
)
const configText = (dir: string, active = `"${addresses[0]}"`) => `---
keystore:
  File: ${dir}/sui.keystore
external_keys: ~
envs:
  - alias: testnet
    rpc: "https://fullnode.testnet.sui.io:443"
    ws: ~
    basic_auth: ~
active_env: testnet
active_address: ${active}
`

let root: string
let dir: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'floe-sui-cli-'))
  dir = root
  await writeFile(join(dir, 'client.yaml'), configText(dir))
  await writeFile(join(dir, 'sui.keystore'), KEYSTORE, { mode: 0o600 })
  await writeFile(join(dir, 'sui.aliases'), ALIASES)
})
afterAll(() => rm(root, { recursive: true }))

const failure = (work: () => unknown): FloeError => {
  try {
    work()
  } catch (error) {
    if (error instanceof FloeError) return error
    throw error
  }
  throw new Error('expected an error')
}

describe('the wallet of the Sui command line', () => {
  it('gives the active key, or one by alias or address, of every scheme that signs', async () => {
    expect(await openSuiCliSigner(dir)).toMatchObject({ address: addresses[0], scheme: 'ED25519', alias: 'gold' })
    expect(await openSuiCliSigner(dir, 'silver')).toMatchObject({ address: addresses[1], scheme: 'Secp256k1' })
    const signer = await openSuiCliSigner(dir, addresses[2])
    expect(signer).toMatchObject({ address: addresses[2], scheme: 'Secp256r1', alias: 'copper' })
    const bytes = new Uint8Array([1, 2, 3])
    const key = await verifyTransactionSignature(bytes, await signer.signTransaction(bytes))
    expect(key.toSuiAddress()).toBe(addresses[2])
  })

  it('shows no secret, in signers or in errors', async () => {
    const shown = inspect(
      [await openSuiCliSigner(dir), await openSuiCliSigner(dir, 'nobody').catch((error) => error)],
      {
        depth: 9,
        showHidden: true,
      },
    )
    for (const secret of secrets) expect(shown).not.toContain(secret)
    expect(shown).toContain('SUI_CLI_NO_KEY')
  })

  it('works without aliases and without an active address, which then must be named', async () => {
    const other = await mkdtemp(join(root, 'other-'))
    await writeFile(join(other, 'client.yaml'), configText(other, '~'))
    await writeFile(join(other, 'sui.keystore'), KEYSTORE, { mode: 0o600 })
    await expect(openSuiCliSigner(other)).rejects.toMatchObject({ code: 'SUI_CLI_NO_KEY', exitCode: 12 })
    expect((await openSuiCliSigner(other, addresses[1])).alias).toBeNull()
    await chmod(join(other, 'sui.keystore'), 0o644)
    await expect(openSuiCliSigner(other, addresses[1])).rejects.toMatchObject({ code: 'KEY_EXPOSED' })
    await rm(join(other, 'sui.keystore'))
    await expect(openSuiCliSigner(other, addresses[1])).rejects.toMatchObject({ code: 'SUI_CLI_MISSING' })
    await expect(openSuiCliSigner(join(other, 'none'))).rejects.toMatchObject({ code: 'SUI_CLI_MISSING' })
  })

  it('is refused with a code when its files are not what they should be', () => {
    for (const text of ['', 'keystore: x', 'keystore:\n  File:\n', configText('/x', 'zzz'), 'x'.repeat(100_000)])
      expect(failure(() => parseSuiClientConfig(text))).toMatchObject({ code: 'SUI_CLI_MALFORMED', exitCode: 12 })
    expect(parseSuiClientConfig('keystore:\r\n  File: "/a b/k"\r\n')).toEqual({
      keystorePath: '/a b/k',
      activeAddress: null,
    })
    for (const text of [
      '',
      '{}',
      '[1]',
      '["AAAA"]',
      `["${secrets[0]} "]`,
      JSON.stringify(new Array(5000).fill(secrets[0])),
    ]) {
      const error = failure(() => parseSuiKeystore(text))
      expect(error).toMatchObject({ code: 'SUI_CLI_MALFORMED' })
      expect(inspect(error, { depth: 9 })).not.toContain(secrets[0])
    }
    for (const text of ['[{}]', '[null]', '[{"alias":1,"public_key_base64":"AA=="}]'])
      expect(failure(() => parseSuiAliases(text))).toMatchObject({ code: 'SUI_CLI_MALFORMED' })
  })

  it('survives 3,000 mutations of its files: a value or a coded error that tells no secret', () => {
    const rng = createRng(12)
    const sources: [string, (text: string) => unknown][] = [
      [configText('/somewhere'), parseSuiClientConfig],
      [KEYSTORE, parseSuiKeystore],
      [ALIASES, parseSuiAliases],
    ]
    let refused = 0
    for (const [text, parse] of sources)
      for (let round = 0; round < 1000; round++) {
        const at = rng.below(text.length)
        const width = rng.below(4)
        const mutated =
          text.slice(0, at) + String.fromCharCode(rng.below(256)).repeat(rng.below(3)) + text.slice(at + width)
        try {
          parse(mutated)
        } catch (error) {
          if (!(error instanceof FloeError)) throw error
          refused++
          expect(error.code).toBe('SUI_CLI_MALFORMED')
          for (const secret of secrets) expect(inspect(error, { depth: 9 })).not.toContain(secret.slice(4, 30))
        }
      }
    expect(refused).toBeGreaterThan(500)
  })
})

describe('the chosen key', () => {
  it('is used until it is forgotten, and follows no change of the active address', async () => {
    const home = await mkdtemp(join(root, 'home-'))
    expect(await openChosenSigner(home)).toBeNull()
    const chosen = await chooseWallet(home, { suiConfigDir: dir })
    expect(chosen).toEqual({
      choice: { $kind: 'sui-cli', configDir: dir, address: addresses[0] },
      address: addresses[0],
      scheme: 'ED25519',
    })
    await writeFile(join(dir, 'client.yaml'), configText(dir, addresses[1]))
    expect((await openChosenSigner(home))?.address).toBe(addresses[0])
    await forgetWallet(home)
    expect(await readWalletChoice(home)).toBeNull()
    await expect(chooseWallet(home, { alias: 'nobody' })).rejects.toMatchObject({ code: 'KEY_MISSING' })
    expect(await readWalletChoice(home)).toBeNull()
    for (const text of ['', '{}', '{"$kind":"alias"}', 'x'.repeat(20_000)]) {
      await writeFile(join(home, 'wallet.json'), text)
      await expect(openChosenSigner(home)).rejects.toMatchObject({ code: 'WALLET_CHOICE_MALFORMED', exitCode: 2 })
    }
  })
})
