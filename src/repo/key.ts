/** Keys by alias. Addresses come out, secrets never. */

import { UsageError } from '../base/errors.ts'
import { generateKeyFile, KEY_SCHEMES, type KeyRecord, listKeyFiles, writeKeyFile } from '../ledger/keystore.ts'
import { readNetworkProfile } from './network-profiles.ts'
import { openKey } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'

export type { KeyRecord } from '../ledger/keystore.ts'

/** Makes a key. An alias that exists is never overwritten.
 *  @throws {UsageError} KEY_EXISTS, KEY_SCHEME_UNKNOWN */
export async function generateKey(
  homeDir: string,
  options: { alias: string; scheme?: string | undefined },
): Promise<KeyRecord> {
  const wanted = (options.scheme ?? 'ed25519').toLowerCase()
  const scheme = KEY_SCHEMES.find((known) => known === wanted)
  if (!scheme)
    throw new UsageError('KEY_SCHEME_UNKNOWN', `"${wanted.slice(0, 40)}" is not a scheme of keys`, {
      data: { scheme: wanted.slice(0, 40), known: KEY_SCHEMES },
      hints: [`Schemes: ${KEY_SCHEMES.join(', ')}`],
    })
  return generateKeyFile(homeDir, options.alias, scheme)
}

/** Keeps a `suiprivkey…` text, read from standard input, under an alias. */
export function importKey(homeDir: string, options: { alias: string; secret: string }): Promise<KeyRecord> {
  return writeKeyFile(homeDir, options.alias, options.secret)
}

export function listKeys(homeDir: string): Promise<KeyRecord[]> {
  return listKeyFiles(homeDir)
}

/** Address of the key that remote verbs would use: the one named, else that of the network.
 *  @throws {AuthError} KEY_NOT_CHOSEN */
export async function showAddress(options: RemoteOptions & { network?: string }): Promise<{ address: string }> {
  const local = options.network === undefined || options.network === 'local'
  const name = options.network ?? 'local'
  const profile = local ? { name, local } : await readNetworkProfile(options.homeDir, name, options.networks)
  return { address: (await openKey(profile, options)).address }
}
