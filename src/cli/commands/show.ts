import { once } from 'node:events'
import { UsageError } from '../../base/errors.ts'
import { catFile, parseRevisionPath } from '../../repo/cat.ts'
import { rememberedMarks } from '../../repo/marks-memory.ts'
import { showCommit } from '../../repo/show.ts'
import { changeStatLines } from '../change-stat.ts'
import { command } from '../command.ts'
import { commitLines } from '../commit-lines.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import { markLine } from '../mark-lines.ts'

export const show = command<{ findCopies?: boolean }>({
  define: (command) =>
    command
      .argument('[revision]', 'a version, or REV:PATH for a file of it (default HEAD)', 'HEAD')
      .option('--find-copies', 'look for the contents of an added file in all of the version before'),
  run: (context, [target = 'HEAD'], { findCopies }) =>
    inLazyWorkspace(context, async (workspace) => {
      if (target.includes(':')) {
        if (context.output.json) throw new UsageError('SHOW_JSON', 'a file is written as bytes, not as JSON')
        const { stdout } = context.output.streams
        const bytes = catFile(workspace, { ...parseRevisionPath(target), signal: context.signal })
        for await (const piece of bytes) if (!stdout.write(piece)) await once(stdout, 'drain')
        return { data: {} }
      }
      const shown = await showCommit(workspace, { revision: target, findCopies, signal: context.signal })
      const changes = shown.changes
        ? changeStatLines(shown.changes)
        : ['(the version before it is not here and cannot be reached)']
      const mark = rememberedMarks(workspace).get(shown.commit)
      return {
        data: { ...shown, ...(mark ? { mark } : {}) },
        lines: [...commitLines(shown, mark ? [markLine(mark)] : []), ...changes],
      }
    }),
})
