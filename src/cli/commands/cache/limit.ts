import { UsageError } from '../../../base/errors.ts'
import { setCacheLimit } from '../../../repo/cache.ts'
import { command } from '../../command.ts'
import { formatBytes } from '../../text.ts'

const UNITS: Readonly<Record<string, number>> = { '': 1, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30, TIB: 2 ** 40 }

export const cacheLimit = command({
  define: (command) => command.argument('<size>', 'bytes, or with KiB, MiB, GiB, TiB; 0 switches the cache off'),
  async run(context, [text]) {
    const match = /^(\d+(?:\.\d+)?)\s*([KMGT]iB)?$/i.exec(text!)
    if (!match) throw new UsageError('CACHE_LIMIT_MALFORMED', `"${text}" is no size; write 20GiB, or 0 for no cache`)
    const result = await setCacheLimit(
      context.homeDir,
      Math.floor(Number(match[1]) * UNITS[(match[2] ?? '').toUpperCase()]!),
    )
    const said =
      result.limitBytes === 0 ? 'The cache is off' : `The cache keeps ${formatBytes(result.limitBytes)} at most`
    return { data: result, lines: [`${said}; ${formatBytes(result.freed)} went`] }
  },
})
