import { cacheInfo } from '../../../repo/cache.ts'
import { command } from '../../command.ts'
import { formatBytes, formatCount } from '../../text.ts'

export const cacheShow = command({
  define: () => {},
  async run(context) {
    const info = await cacheInfo(context.homeDir)
    const limit = info.limitBytes === 0 ? 'switched off' : `at most ${formatBytes(info.limitBytes)}`
    return {
      data: info,
      lines: [
        `${formatBytes(info.bytes)} in ${formatCount(info.packs, 'pack')} (${formatCount(info.objects, 'object')}), ${limit}`,
        `  ${info.dir}`,
        ...info.pins.map(({ label, bytes }) => `  pinned  ${label}  ${formatBytes(bytes)}`),
      ],
      hints: info.packs > 0 ? ['packs that a workspace holds as well are stored once on disk'] : [],
    }
  },
})
