import { command } from '../../command.ts'
import { localnetLines } from '../../localnet-text.ts'

export const localnetStatus = command({
  define: () => {},
  async run(context) {
    const { statusLocalNetwork } = await import('../../../localnet/daemon.ts')
    const info = await statusLocalNetwork({ dataDir: context.homeDir })
    if (!info)
      return {
        data: { running: false },
        lines: ['The local network is not running'],
        hints: ['`floe localnet up` starts it'],
      }
    return { data: { running: true, ...info }, lines: localnetLines(info) }
  },
})
