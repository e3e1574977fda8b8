import { UsageError } from '../../base/errors.ts'
import { command } from '../command.ts'
import { completionScript, SHELLS } from '../completion.ts'

export const completion = command({
  define: (command) =>
    command
      .argument('<shell>', SHELLS.join(', '))
      .addHelpText('after', '\nbash, zsh: source <(floe completion bash). fish: floe completion fish | source'),
  async run(_context, [name]) {
    const shell = SHELLS.find((known) => known === name)
    if (!shell)
      throw new UsageError('SHELL_UNKNOWN', `there is no completion for ${name}`, {
        hints: [`shells: ${SHELLS.join(', ')}`],
      })
    // The registry lists this very command.
    const { REGISTRY } = await import('../registry.ts')
    const script = await completionScript(REGISTRY, shell)
    return { data: { shell, script }, lines: script.trimEnd().split('\n') }
  },
})
