/** Signers from the Sui command line's keystore, chosen by alias, by address, or as the active one. */

import { AuthError } from './errors.ts'
import { type LedgerSigner, signerFromKey } from './keystore.ts'
import { parseAddress } from './object-id.ts'
import { readSuiCliWallet } from './sui-cli-files.ts'

/** Flags of the schemes that sign with one key. */
const SCHEMES: Readonly<Record<number, string>> = { 0: 'ED25519', 1: 'Secp256k1', 2: 'Secp256r1' }

/** @param configDir - folder of `client.yaml`
 *  @param who - alias or address; none: the active address
 *  @throws {AuthError} SUI_CLI_MISSING, SUI_CLI_MALFORMED, SUI_CLI_NO_KEY, KEY_EXPOSED, KEY_SCHEME_UNSUPPORTED */
export async function openSuiCliSigner(
  configDir: string,
  who?: string,
): Promise<LedgerSigner & { scheme: string; alias: string | null }> {
  const wallet = await readSuiCliWallet(configDir)
  const signers = await Promise.all(
    wallet.keys.map(async ({ flag, secret }) => {
      const scheme = SCHEMES[flag]
      return scheme === undefined ? null : signerFromKey(scheme, secret)
    }),
  )
  const aliasOf = (publicKey: Uint8Array) =>
    wallet.aliases.find((entry) => Buffer.compare(entry.publicKey, publicKey) === 0)?.alias ?? null
  const known = signers.flatMap((signer) => (signer ? [{ signer, alias: aliasOf(signer.publicKey) }] : []))
  const wanted = who ?? wallet.config.activeAddress
  const found =
    wanted === null
      ? undefined
      : (known.find(({ alias }) => who !== undefined && alias === wanted) ??
        known.find(({ signer }) => isAddress(wanted) && signer.address === parseAddress(wanted)))
  if (!found)
    throw new AuthError(
      'SUI_CLI_NO_KEY',
      wanted === null
        ? 'the Sui command line has no active address'
        : `its keystore has no key for "${wanted.slice(0, 80)}"`,
      {
        data: { wanted, known: known.map(({ signer, alias }) => ({ alias, address: signer.address })) },
        hints: ['`sui keytool list` shows the keys; name one by alias or address'],
      },
    )
  const { publicKey: _, ...signer } = found.signer
  return { ...signer, alias: found.alias }
}

function isAddress(text: string): boolean {
  return /^0x[0-9a-fA-F]{1,64}$/.test(text)
}
