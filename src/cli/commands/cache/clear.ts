import { clearCache } from '../../../repo/cache.ts'
import { command } from '../../command.ts'
import { formatBytes } from '../../text.ts'

export const cacheClear = command<{ pinned?: boolean }>({
  define: (command) => command.option('--pinned', 'also what is pinned'),
  async run(context, _, options) {
    const result = await clearCache(context.homeDir, options)
    return { data: result, lines: [`Emptied: ${formatBytes(result.freed)} went`] }
  },
})
