import { command } from '../../../command.ts'

export const localnetEpochNext = command({
  define: () => {},
  async run(context) {
    const { controlLocalNetwork } = await import('../../../../localnet/daemon.ts')
    const { epoch } = await controlLocalNetwork({ dataDir: context.homeDir }, { $kind: 'advance-epoch' })
    return {
      data: { epoch },
      lines: [`epoch ${epoch} has begun`],
      hints: ['`floe expiry` shows what ends when'],
    }
  },
})
