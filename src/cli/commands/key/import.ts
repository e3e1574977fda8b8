import { UsageError } from '../../../base/errors.ts'
import { importKey } from '../../../repo/key.ts'
import { command } from '../../command.ts'

/** A bech32 secret has some 70 characters; whatever is longer is not one. */
const MAX_SECRET_CHARS = 4096

export const keyImport = command<{ alias?: string }>({
  define: (command) => command.option('--alias <name>', 'name to call it by', 'default'),
  async run(context, _args, options) {
    let secret = ''
    for await (const piece of process.stdin.setEncoding('utf8')) {
      secret += piece
      if (secret.length > MAX_SECRET_CHARS)
        throw new UsageError('KEY_MALFORMED', 'standard input is too long to be a key')
    }
    const key = await importKey(context.homeDir, { alias: options.alias ?? 'default', secret: secret.trim() })
    return { data: key, lines: [`${key.alias}  ${key.address}`] }
  },
})
