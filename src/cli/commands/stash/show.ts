import { readCommit } from '../../../history/commits.ts'
import { changesOf } from '../../../repo/show.ts'
import { findStash } from '../../../repo/stash.ts'
import { changeStatLines } from '../../change-stat.ts'
import { command } from '../../command.ts'
import { inLazyWorkspace } from '../../lazy-workspace.ts'

export const stashShow = command({
  define: (command) => command.argument('[stash]', 'stash@{N} or N (default the newest)'),
  run: (context, [name]) =>
    inLazyWorkspace(context, async (workspace) => {
      const stash = await findStash(workspace, name)
      const { signal } = context
      // Its first parent is the version that it was made on.
      const made = await readCommit(workspace.store.read, stash.commit, { signal })
      const changes = await changesOf(workspace, made, { signal })
      return {
        data: { ...stash, changes },
        lines: changes ? changeStatLines(changes) : ['(the version it was made on is not here and cannot be reached)'],
        hints: [`\`floe stash apply ${stash.selector}\` brings it back and keeps it, \`stash pop\` drops it then`],
      }
    }),
})
