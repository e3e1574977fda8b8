import { command } from '../../command.ts'

export const localnetDown = command({
  define: () => {},
  async run(context) {
    const { stopLocalNetwork } = await import('../../../localnet/daemon.ts')
    const stopped = await stopLocalNetwork({ dataDir: context.homeDir })
    return { data: { stopped }, lines: [stopped ? 'Stopped; its state stays' : 'The local network was not running'] }
  },
})
