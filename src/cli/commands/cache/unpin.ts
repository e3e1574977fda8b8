import { unpinVersion } from '../../../repo/cache.ts'
import { command } from '../../command.ts'

export const cacheUnpin = command({
  define: (command) => command.argument('<label>', 'as `floe cache show` lists it'),
  async run(context, [label]) {
    const result = await unpinVersion(context.homeDir, label!)
    return { data: result, lines: [`${result.label} may go when room is needed`] }
  },
})
