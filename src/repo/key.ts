/** Keys by alias. Addresses come out, secrets never. */

import {
  generateKeyFile,
  type KeyRecord,
  listKeyFiles,
  openOrGenerateSigner,
  openSigner,
  writeKeyFile,
} from '../ledger/keystore.ts'
import { LOCAL_KEY_ALIAS } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'

export type { KeyRecord } from '../ledger/keystore.ts'

/** Makes a key. An alias that exists is never overwritten. */
export function generateKey(homeDir: string, options: { alias: string }): Promise<KeyRecord> {
  return generateKeyFile(homeDir, options.alias)
}

/** Keeps a `suiprivkey…` text, read from standard input, under an alias. */
export function importKey(homeDir: string, options: { alias: string; secret: string }): Promise<KeyRecord> {
  return writeKeyFile(homeDir, options.alias, options.secret)
}

export function listKeys(homeDir: string): Promise<KeyRecord[]> {
  return listKeyFiles(homeDir)
}

/** Address of the key that remote verbs would use; without a choice, of the local network's own key. */
export async function showAddress(options: RemoteOptions): Promise<{ address: string }> {
  const signer = options.key
    ? await openSigner(options.homeDir, options.key)
    : await openOrGenerateSigner(options.homeDir, LOCAL_KEY_ALIAS)
  return { address: signer.address }
}
