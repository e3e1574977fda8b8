/** The key that signs outside the local network when none is named: chosen once with `floe key use`, never picked up
 *  silently (DESIGN §9). Kept in `<home>/wallet.json`, which says where the key is and never what it is. */

import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { utf8 } from '../base/bytes.ts'
import { UsageError } from '../base/errors.ts'
import { AuthError } from '../ledger/errors.ts'
import { openSigner } from '../ledger/keystore.ts'
import { openSuiCliSigner } from '../ledger/sui-cli-signer.ts'
import { ensureDirectory, replaceFile } from '../store/atomic-file.ts'
import { nodeFs } from '../store/node-fs.ts'

const choiceSchema = v.variant('$kind', [
  v.strictObject({ $kind: v.literal('alias'), name: v.pipe(v.string(), v.maxLength(64)) }),
  v.strictObject({
    $kind: v.literal('sui-cli'),
    /** Folder of the Sui command line's `client.yaml`. */
    configDir: v.pipe(v.string(), v.maxLength(4096)),
    /** Fixed when it was chosen: a change of the active address there changes nothing here. */
    address: v.pipe(v.string(), v.regex(/^0x[0-9a-f]{64}$/)),
  }),
])

export type WalletChoice = v.InferOutput<typeof choiceSchema>
export interface ChosenWallet {
  choice: WalletChoice
  address: string
  scheme: string
}

const MAX_BYTES = 16 * 1024

/** @throws {AuthError} KEY_MISSING, KEY_EXPOSED, SUI_CLI_MISSING, SUI_CLI_NO_KEY, … */
export async function chooseWallet(
  homeDir: string,
  wanted: { alias: string } | { suiConfigDir: string; who?: string | undefined },
): Promise<ChosenWallet> {
  const chosen = 'alias' in wanted ? await ofAlias(homeDir, wanted.alias) : await ofSuiCli(wanted)
  await ensureDirectory(nodeFs, homeDir)
  const text = `${JSON.stringify(chosen.choice, null, 2)}\n`
  await replaceFile(nodeFs, pathOf(homeDir), [utf8(text)], { tmpDir: homeDir, private: true })
  return chosen
}

/** Forgets the choice; keys stay. */
export async function forgetWallet(homeDir: string): Promise<void> {
  await rm(pathOf(homeDir), { force: true })
}

/** @returns `null` if none was chosen
 *  @throws {UsageError} WALLET_CHOICE_MALFORMED */
export async function readWalletChoice(homeDir: string): Promise<WalletChoice | null> {
  const path = pathOf(homeDir)
  let text: string
  try {
    if ((await stat(path)).size > MAX_BYTES) throw malformed(path)
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    return v.parse(choiceSchema, JSON.parse(text))
  } catch (error) {
    throw malformed(path, error)
  }
}

/** The signer that was chosen; `null` if none was. */
export async function openChosenSigner(homeDir: string) {
  const choice = await readWalletChoice(homeDir)
  if (choice === null) return null
  if (choice.$kind === 'alias') return openSigner(homeDir, choice)
  const signer = await openSuiCliSigner(choice.configDir, choice.address)
  if (signer.address !== choice.address)
    throw new AuthError('SUI_CLI_NO_KEY', 'the chosen key is no longer in the keystore of the Sui command line', {
      data: { address: choice.address },
      hints: ['Choose again with `floe key use`'],
    })
  return signer
}

async function ofAlias(homeDir: string, alias: string): Promise<ChosenWallet> {
  const signer = await openSigner(homeDir, { $kind: 'alias', name: alias })
  return { choice: { $kind: 'alias', name: alias }, address: signer.address, scheme: signer.scheme }
}

async function ofSuiCli(wanted: { suiConfigDir: string; who?: string | undefined }): Promise<ChosenWallet> {
  const signer = await openSuiCliSigner(wanted.suiConfigDir, wanted.who)
  const choice = { $kind: 'sui-cli', configDir: wanted.suiConfigDir, address: signer.address } as const
  return { choice, address: signer.address, scheme: signer.scheme }
}

function pathOf(homeDir: string): string {
  return join(homeDir, 'wallet.json')
}

function malformed(path: string, cause?: unknown): UsageError {
  return new UsageError('WALLET_CHOICE_MALFORMED', `the choice of a key in ${path} cannot be read`, {
    data: { file: path },
    hints: ['Choose again with `floe key use`'],
    cause,
  })
}
