import { generateKey } from '../../../repo/key.ts'
import { command } from '../../command.ts'

export const keyGenerate = command<{ alias?: string; scheme?: string }>({
  define: (command) =>
    command
      .option('--alias <name>', 'name to call it by', 'default')
      .option('--scheme <scheme>', 'ed25519, secp256k1 or secp256r1', 'ed25519'),
  async run(context, _args, options) {
    const key = await generateKey(context.homeDir, { alias: options.alias ?? 'default', scheme: options.scheme })
    return {
      data: key,
      lines: [`${key.alias}  ${key.address}`],
      hints: ['the secret stays in a file only you can read; back it up'],
    }
  },
})
