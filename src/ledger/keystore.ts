/** Keys: files of one `suiprivkey…` line, readable by their owner alone, and signers made from them.
 *
 *  A secret enters as a value and leaves only as signatures: it is in no error, no listing and no property that
 *  JSON or `util.inspect` would show. Files live under `<home>/keys/<alias>.key`.
 *  @see SIP-15 (bech32 form of Sui private keys) */

import { lstat, mkdir, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Keypair } from '@mysten/sui/cryptography'
import { UsageError } from '../base/errors.ts'
import { createEd25519Signer } from './ed25519-signer.ts'
import { AuthError } from './errors.ts'
import { decodePrivateKey, SECRET_KEY_BYTES } from './private-key.ts'

export interface LedgerSigner {
  readonly address: string
  /** Serialized signature (base64) over BCS TransactionData. */
  signTransaction(bytes: Uint8Array): Promise<string>
}

/** Where the caller says a key is. The library never looks anywhere by itself. */
export type KeySource =
  | { $kind: 'secret'; secret: string }
  | { $kind: 'file'; path: string }
  | { $kind: 'alias'; name: string }

export interface KeyRecord {
  alias: string
  address: string
  scheme: string
}

const KEY_FILE_MODE = 0o600
const MAX_KEY_FILE_BYTES = 1024
const ALIAS = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

function keysDir(homeDir: string): string {
  return join(homeDir, 'keys')
}

function keyPath(homeDir: string, alias: string): string {
  if (!ALIAS.test(alias))
    throw new UsageError('KEY_ALIAS_MALFORMED', `"${alias.slice(0, 80)}" cannot be the alias of a key`, {
      data: { alias: alias.slice(0, 80) },
      hints: ['Use up to 64 letters, digits, dots, dashes and underscores'],
    })
  return join(keysDir(homeDir), `${alias}.key`)
}

/** A signer of a `suiprivkey…` text.
 *  @throws {AuthError} KEY_MALFORMED; the text is not repeated */
export async function signerFromSecret(secret: string): Promise<LedgerSigner & { scheme: string }> {
  let parsed: ReturnType<typeof decodePrivateKey>
  try {
    parsed = decodePrivateKey(secret.trim())
  } catch {
    throw new AuthError('KEY_MALFORMED', 'the key is not a suiprivkey… text', {
      hints: ['`sui keytool export` prints a key in this form; `floe key generate` makes a new one'],
    })
  }
  const { publicKey: _, ...signer } = await signerFromKey(parsed.scheme, parsed.secretKey)
  return signer
}

/** A signer of raw key bytes.
 *  @param scheme - ED25519, Secp256k1 or Secp256r1
 *  @param secretKey - 32 bytes
 *  @throws {AuthError} KEY_SCHEME_UNSUPPORTED, KEY_MALFORMED if the bytes are no key of the scheme */
export async function signerFromKey(
  scheme: string,
  secretKey: Uint8Array,
): Promise<LedgerSigner & { scheme: string; publicKey: Uint8Array }> {
  if (scheme === 'ED25519') {
    if (secretKey.length !== SECRET_KEY_BYTES) throw malformed(scheme)
    const signer = createEd25519Signer(secretKey)
    return { ...signer, scheme, signTransaction: async (bytes) => signer.signTransaction(bytes) }
  }
  const keypair = await keypairOf(scheme, secretKey)
  return {
    address: keypair.toSuiAddress(),
    scheme,
    publicKey: keypair.getPublicKey().toSuiBytes(),
    async signTransaction(bytes) {
      return (await keypair.signTransaction(bytes)).signature
    },
  }
}

const KEYPAIRS: Readonly<Record<string, (secretKey: Uint8Array) => Promise<Keypair>>> = {
  Secp256k1: async (secret) => (await import('@mysten/sui/keypairs/secp256k1')).Secp256k1Keypair.fromSecretKey(secret),
  Secp256r1: async (secret) => (await import('@mysten/sui/keypairs/secp256r1')).Secp256r1Keypair.fromSecretKey(secret),
}

/** Schemes that a new key can have. */
export const KEY_SCHEMES = ['ed25519', 'secp256k1', 'secp256r1'] as const
export type KeyScheme = (typeof KEY_SCHEMES)[number]

async function keypairOf(scheme: string, secretKey: Uint8Array): Promise<Keypair> {
  const make = Object.hasOwn(KEYPAIRS, scheme) ? KEYPAIRS[scheme] : undefined
  if (!make)
    throw new AuthError('KEY_SCHEME_UNSUPPORTED', `keys of scheme ${scheme} cannot sign here`, { data: { scheme } })
  try {
    return await make(secretKey)
  } catch {
    // No cause: libraries may show the number that is out of range.
    throw malformed(scheme)
  }
}

function malformed(scheme: string): AuthError {
  return new AuthError('KEY_MALFORMED', `the bytes are not a key of scheme ${scheme}`, { data: { scheme } })
}

/** Writes a new key under an alias; an existing key is never replaced.
 *  @throws {UsageError} KEY_EXISTS */
export async function generateKeyFile(
  homeDir: string,
  alias: string,
  scheme: KeyScheme = 'ed25519',
): Promise<KeyRecord> {
  return writeKeyFile(homeDir, alias, (await newKeypair(scheme)).getSecretKey())
}

async function newKeypair(scheme: KeyScheme): Promise<Keypair> {
  switch (scheme) {
    case 'ed25519':
      return (await import('@mysten/sui/keypairs/ed25519')).Ed25519Keypair.generate()
    case 'secp256k1':
      return (await import('@mysten/sui/keypairs/secp256k1')).Secp256k1Keypair.generate()
    case 'secp256r1':
      return (await import('@mysten/sui/keypairs/secp256r1')).Secp256r1Keypair.generate()
  }
}

/** Keeps a given secret under an alias.
 *  @throws {AuthError} KEY_MALFORMED
 *  @throws {UsageError} KEY_EXISTS */
export async function writeKeyFile(homeDir: string, alias: string, secret: string): Promise<KeyRecord> {
  const path = keyPath(homeDir, alias)
  const { address, scheme } = await signerFromSecret(secret)
  await mkdir(keysDir(homeDir), { recursive: true, mode: 0o700 })
  let file: Awaited<ReturnType<typeof open>>
  try {
    file = await open(path, 'wx', KEY_FILE_MODE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new UsageError('KEY_EXISTS', `a key called "${alias}" exists already`, {
      data: { alias },
      hints: ['Choose another alias; keys are never overwritten'],
    })
  }
  try {
    await file.writeFile(`${secret.trim()}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  return { alias, address, scheme }
}

/** All keys of the home directory by alias; unreadable ones are left out. */
export async function listKeyFiles(homeDir: string): Promise<KeyRecord[]> {
  return (await examineKeyFiles(homeDir)).keys
}

/** All keys, and what is wrong with the files that cannot be used. */
export async function examineKeyFiles(homeDir: string): Promise<{ keys: KeyRecord[]; problems: AuthError[] }> {
  let names: string[]
  try {
    names = await readdir(keysDir(homeDir))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { keys: [], problems: [] }
    throw error
  }
  const keys: KeyRecord[] = []
  const problems: AuthError[] = []
  for (const name of names.sort()) {
    const alias = name.endsWith('.key') ? name.slice(0, -4) : ''
    if (!ALIAS.test(alias)) continue
    try {
      const signer = await readKeyFile(keyPath(homeDir, alias))
      keys.push({ alias, address: signer.address, scheme: signer.scheme })
    } catch (error) {
      if (!(error instanceof AuthError)) throw error
      problems.push(error)
    }
  }
  return { keys, problems }
}

/** @throws {AuthError} KEY_MISSING, KEY_EXPOSED if others may read the file, KEY_MALFORMED */
export async function readKeyFile(path: string): Promise<LedgerSigner & { scheme: string }> {
  let secret: string
  try {
    const facts = await lstat(path)
    // A key that others can read has to be treated as known to them. Windows has no such mode bits.
    if (process.platform !== 'win32' && facts.isFile() && (facts.mode & 0o077) !== 0)
      throw new AuthError('KEY_EXPOSED', `the key file ${path} can be read by other users`, {
        data: { path, mode: (facts.mode & 0o777).toString(8) },
        hints: [`Run \`chmod 600 ${path}\`, and use another key if it was shared`],
      })
    if (facts.size > MAX_KEY_FILE_BYTES)
      throw new AuthError('KEY_MALFORMED', `the file ${path} is too long for a key`, { data: { path } })
    secret = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new AuthError('KEY_MISSING', `there is no key file ${path}`, {
      data: { path },
      hints: ['List the keys with `floe key list`, or make one with `floe key generate`'],
    })
  }
  return signerFromSecret(secret)
}

/** The signer a caller asked for. */
export async function openSigner(homeDir: string, source: KeySource): Promise<LedgerSigner & { scheme: string }> {
  switch (source.$kind) {
    case 'secret':
      return signerFromSecret(source.secret)
    case 'file':
      return readKeyFile(source.path)
    case 'alias':
      return readKeyFile(keyPath(homeDir, source.name))
  }
}

/** The key of an alias, made on first use. For the local network only, where coins are worth nothing. */
export async function openOrGenerateSigner(homeDir: string, alias: string): Promise<LedgerSigner> {
  try {
    return await readKeyFile(keyPath(homeDir, alias))
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'KEY_MISSING') throw error
  }
  try {
    await generateKeyFile(homeDir, alias)
  } catch (error) {
    // Two processes may start at once: whoever came second uses the first one's key.
    if (!(error instanceof UsageError) || error.code !== 'KEY_EXISTS') throw error
  }
  return readKeyFile(keyPath(homeDir, alias))
}
