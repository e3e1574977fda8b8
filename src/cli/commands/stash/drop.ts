import { dropStash } from '../../../repo/stash.ts'
import { command } from '../../command.ts'
import { inWorkspace } from '../../workspace.ts'

export const stashDrop = command({
  define: (command) => command.argument('[stash]', 'stash@{N} or N (default the newest)'),
  run: (context, [stash]) =>
    inWorkspace(context, async (workspace) => {
      const gone = await dropStash(workspace, { stash })
      return {
        data: gone,
        lines: [`Dropped ${gone.selector} (${gone.commit.slice(0, 12)})`],
        notUndone: [
          `it does not come back as a stash; until the next \`floe gc\` its files are at \`floe restore --source ${gone.commit.slice(0, 12)} .\``,
        ],
      }
    }),
})
