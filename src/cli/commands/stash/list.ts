import { listStashes } from '../../../repo/stash.ts'
import { command } from '../../command.ts'
import { formatTable, formatTime } from '../../text.ts'
import { inWorkspace } from '../../workspace.ts'

export const stashList = command({
  define: () => {},
  run: (context) =>
    inWorkspace(context, async (workspace) => {
      const stashes = await listStashes(workspace)
      return {
        data: { stashes },
        lines: formatTable(
          stashes.map(({ selector, commit, timeMs, message }) => [
            selector,
            commit.slice(0, 12),
            formatTime(timeMs),
            message.split('\n')[0]!,
          ]),
        ),
        hints: stashes.length > 0 ? ['`floe stash show N` shows what is in one'] : [],
      }
    }),
})
