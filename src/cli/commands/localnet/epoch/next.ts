import { command } from '../../../command.ts'

export const localnetEpochNext = command<{ rotate?: boolean }>({
  define: (command) =>
    command.option('--rotate', 'with another committee: every storage node hands a shard on, and what is stored in it'),
  async run(context, _args, options) {
    const { controlLocalNetwork } = await import('../../../../localnet/daemon.ts')
    const rotate = options.rotate === true
    const { epoch } = await controlLocalNetwork({ dataDir: context.homeDir }, { $kind: 'advance-epoch', rotate })
    return {
      data: { epoch, rotated: rotate },
      lines: [`epoch ${epoch} has begun${rotate ? ', with another committee' : ''}`],
      hints: ['`floe expiry` shows what ends when'],
    }
  },
})
