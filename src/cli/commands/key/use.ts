import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { UsageError } from '../../../base/errors.ts'
import { chooseWallet, forgetWallet, readWalletChoice, type WalletChoice } from '../../../repo/wallet-choice.ts'
import { command } from '../../command.ts'
import { floeCommand } from '../../undo.ts'

interface Options {
  suiCli?: string | boolean
  suiConfig?: string
  none?: boolean
}

export const keyUse = command<Options>({
  define: (command) =>
    command
      .argument('[alias]', 'key of Floe, as `floe key list` prints it')
      .option('--sui-cli [alias-or-address]', 'key of the Sui command line (default: its active address)')
      .option('--sui-config <dir>', 'folder of its client.yaml (default: ~/.sui/sui_config)')
      .option('--none', 'forget the choice')
      .addHelpText(
        'after',
        `
Signs from now on wherever no other key is named, except on the local network, which has a key of its own.
The keystore of the Sui command line is read only when a transaction is signed; nothing of it is copied.`,
      ),
  async run(context, [alias], options) {
    const ways = [alias !== undefined, options.suiCli !== undefined, Boolean(options.none)].filter(Boolean)
    if (ways.length !== 1)
      throw new UsageError('KEY_CHOICE_UNCLEAR', 'name one key: an alias, --sui-cli, or --none', {
        hints: ['`floe key list` shows the keys of Floe'],
      })
    const before = undoTo(await readable(context.homeDir))
    if (options.none) {
      await forgetWallet(context.homeDir)
      return { data: { choice: null }, lines: ['No key is chosen'], undo: before }
    }
    const suiConfigDir = options.suiConfig
      ? resolve(context.cwd, options.suiConfig)
      : join(context.env['HOME'] ?? homedir(), '.sui', 'sui_config')
    const who = typeof options.suiCli === 'string' ? options.suiCli : undefined
    const chosen = await chooseWallet(context.homeDir, alias === undefined ? { suiConfigDir, who } : { alias })
    return {
      data: chosen,
      lines: [`${chosen.address}  ${chosen.scheme}`],
      hints: ['`floe wallet` shows what it has'],
      undo: before,
    }
  },
})

/** What chooses again what was chosen. */
function undoTo(choice: WalletChoice | null): string[] {
  if (choice === null) return ['floe key use --none']
  if (choice.$kind === 'alias') return [floeCommand('key', 'use', choice.name)]
  return [floeCommand('key', 'use', '--sui-cli', choice.address, '--sui-config', choice.configDir)]
}

/** A choice that cannot be read any more is not one to go back to. */
async function readable(homeDir: string): Promise<WalletChoice | null> {
  try {
    return await readWalletChoice(homeDir)
  } catch (error) {
    if (error instanceof UsageError) return null
    throw error
  }
}
