import { setCacheLimit } from '../../../repo/cache.ts'
import { parseSize } from '../../../repo/size.ts'
import { command } from '../../command.ts'
import { formatBytes } from '../../text.ts'

export const cacheLimit = command({
  define: (command) => command.argument('<size>', 'bytes, or with KiB, MiB, GiB, TiB; 0 switches the cache off'),
  async run(context, [text]) {
    const result = await setCacheLimit(context.homeDir, parseSize(text!))
    const said =
      result.limitBytes === 0 ? 'The cache is off' : `The cache keeps ${formatBytes(result.limitBytes)} at most`
    return { data: result, lines: [`${said}; ${formatBytes(result.freed)} went`] }
  },
})
