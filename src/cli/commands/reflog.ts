import { reflogOf } from '../../repo/reflog.ts'
import { positiveInteger } from '../arguments.ts'
import { command } from '../command.ts'
import { formatTime } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

export const reflog = command<{ limit?: string }>({
  define: (command) =>
    command
      .argument('[ref]', 'branch or tag (default HEAD)', 'HEAD')
      .option('-n, --limit <count>', 'at most this many moves'),
  run: (context, [ref], options) =>
    inWorkspace(context, async (workspace) => {
      const limit = options.limit === undefined ? undefined : positiveInteger(options.limit, '--limit')
      const moves = reflogOf(workspace, { ref, limit })
      return {
        data: { ref, moves },
        lines: moves.map(
          (move) =>
            `${move.commit?.slice(0, 12) ?? '(deleted)   '} ${move.selector}  ${formatTime(move.timeMs)}  ${move.reason}`,
        ),
        hints: moves.length > 1 ? [`\`floe reset --hard ${moves[1]!.selector}\` goes back one move`] : [],
      }
    }),
})
