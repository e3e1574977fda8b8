/** Files of the Sui command line, read when the user asks for it and never otherwise: `client.yaml`, `sui.keystore`,
 *  `sui.aliases`. They come from outside: sizes are bounded, and whatever is not as expected is refused.
 *
 *  `client.yaml` is read as the few lines that matter and not as YAML: the file is written by a program, always in one
 *  form, and a general parser would accept much that this program never means. */

import { lstat, readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { AuthError } from './errors.ts'
import { parseAddress } from './object-id.ts'

const MAX_CONFIG_BYTES = 64 * 1024
const MAX_KEYSTORE_BYTES = 1024 * 1024
/** More keys than anyone has. */
const MAX_KEYS = 4096
/** Scheme flag and secret. */
const KEY_BYTES = 33

export interface SuiClientConfig {
  keystorePath: string
  /** Full form; `null` if none is active. */
  activeAddress: string | null
}

/** @throws {AuthError} SUI_CLI_MALFORMED */
export function parseSuiClientConfig(text: string): SuiClientConfig {
  if (text.length > MAX_CONFIG_BYTES) throw malformed('client.yaml', 'it is too long')
  const file = /^keystore:[ \t]*\r?\n[ \t]+File:[ \t]*(\S[^\r\n]*)$/m.exec(text)?.[1]
  const path = file === undefined ? undefined : scalar(file)
  if (path === undefined || path === '') throw malformed('client.yaml', 'it names no keystore file')
  const active = /^active_address:[ \t]*(\S[^\r\n]*)$/m.exec(text)?.[1]
  const address = active === undefined ? '~' : scalar(active)
  if (address === '~' || address === 'null') return { keystorePath: path, activeAddress: null }
  if (!isAddress(address)) throw malformed('client.yaml', 'its active address is none')
  return { keystorePath: path, activeAddress: parseAddress(address) }
}

/** Secrets of a keystore: scheme flag, then 32 bytes. For whoever makes signers of them; they are not to be printed.
 *  @throws {AuthError} SUI_CLI_MALFORMED; the contents are not repeated */
export function parseSuiKeystore(text: string): { flag: number; secret: Uint8Array }[] {
  if (text.length > MAX_KEYSTORE_BYTES) throw malformed('sui.keystore', 'it is too long')
  const entries = textList(text, 'sui.keystore')
  return entries.map((entry) => {
    const bytes = typeof entry === 'string' ? fromStrictBase64(entry) : undefined
    if (bytes?.length !== KEY_BYTES) throw malformed('sui.keystore', 'an entry is not a key')
    return { flag: bytes[0]!, secret: bytes.subarray(1) }
  })
}

/** Alias and public key (flag and bytes), in the order of the file.
 *  @throws {AuthError} SUI_CLI_MALFORMED */
export function parseSuiAliases(text: string): { alias: string; publicKey: Uint8Array }[] {
  if (text.length > MAX_KEYSTORE_BYTES) throw malformed('sui.aliases', 'it is too long')
  return textList(text, 'sui.aliases').map((entry) => {
    const record = entry as { alias?: unknown; public_key_base64?: unknown } | null
    const encoded = record?.public_key_base64
    const publicKey = typeof encoded === 'string' ? fromStrictBase64(encoded) : undefined
    if (typeof record?.alias !== 'string' || publicKey === undefined)
      throw malformed('sui.aliases', 'an entry is no alias')
    return { alias: record.alias, publicKey }
  })
}

export interface SuiCliWallet {
  config: SuiClientConfig
  keys: { flag: number; secret: Uint8Array }[]
  aliases: { alias: string; publicKey: Uint8Array }[]
}

/** @param configDir - folder of `client.yaml`
 *  @throws {AuthError} SUI_CLI_MISSING, SUI_CLI_MALFORMED, KEY_EXPOSED */
export async function readSuiCliWallet(configDir: string): Promise<SuiCliWallet> {
  const config = parseSuiClientConfig(await readBounded(join(configDir, 'client.yaml'), MAX_CONFIG_BYTES))
  const { keystorePath } = config
  const path = isAbsolute(keystorePath) ? keystorePath : join(configDir, keystorePath)
  const facts = await lstat(path).catch(() => null)
  if (process.platform !== 'win32' && facts?.isFile() && (facts.mode & 0o077) !== 0)
    throw new AuthError('KEY_EXPOSED', `the keystore ${path} can be read by other users`, {
      data: { path, mode: (facts.mode & 0o777).toString(8) },
      hints: [`Run \`chmod 600 ${path}\`, and use other keys if it was shared`],
    })
  const keys = parseSuiKeystore(await readBounded(path, MAX_KEYSTORE_BYTES))
  // Older installations have no aliases.
  const aliases = await readBounded(`${path.replace(/\.keystore$/, '')}.aliases`, MAX_KEYSTORE_BYTES).catch(
    (error: unknown) => {
      if (error instanceof AuthError && error.code === 'SUI_CLI_MISSING') return '[]'
      throw error
    },
  )
  return { config, keys, aliases: parseSuiAliases(aliases) }
}

async function readBounded(path: string, max: number): Promise<string> {
  const facts = await lstat(path).catch(() => null)
  if (facts === null)
    throw new AuthError('SUI_CLI_MISSING', `there is no ${path}`, {
      data: { path },
      hints: ['Name the folder of client.yaml with --sui-config, or make a key with `floe key generate`'],
    })
  if (facts.size > max || facts.isDirectory()) throw malformed(path, 'it is too long, or not a file')
  return readFile(path, 'utf8')
}

function textList(text: string, file: string): unknown[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // No cause: the parser's message quotes what it read, which may be a secret.
    throw malformed(file, 'it is not JSON')
  }
  if (!Array.isArray(value) || value.length > MAX_KEYS) throw malformed(file, 'it is not a list, or too long a one')
  return value
}

/** Base64 in its one canonical form. */
function fromStrictBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined
}

/** A YAML scalar without its quotes. */
function scalar(text: string): string {
  const trimmed = text.trim()
  const quoted = /^"([^"\\]*)"$|^'([^']*)'$/.exec(trimmed)
  return quoted ? (quoted[1] ?? quoted[2] ?? '') : trimmed
}

function isAddress(text: string): boolean {
  return /^0x[0-9a-fA-F]{1,64}$/.test(text)
}

function malformed(file: string, why: string): AuthError {
  return new AuthError('SUI_CLI_MALFORMED', `the Sui command line's ${file} cannot be used: ${why}`, {
    data: { file },
    hints: ['Export the key with `sui keytool export` and keep it with `floe key import`'],
  })
}
