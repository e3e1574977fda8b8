import { UsageError } from '../../../base/errors.ts'
import { command } from '../../command.ts'

export const localnetReset = command<{ yes?: boolean }>({
  define: (command) => command.option('-y, --yes', 'do not ask'),
  async run(context, _args, options) {
    if (!options.yes) {
      const answer = await context.ask(
        'Delete everything that was ever pushed to the local network? [y/N] ',
        'reset deletes everything that was pushed to the local network: confirm with --yes',
      )
      if (!/^y(es)?$/i.test(answer)) throw new UsageError('NOT_CONFIRMED', 'nothing was deleted')
    }
    const { resetLocalNetwork } = await import('../../../localnet/daemon.ts')
    await resetLocalNetwork({ dataDir: context.homeDir })
    return { data: { reset: true }, lines: ['The local network is empty'] }
  },
})
