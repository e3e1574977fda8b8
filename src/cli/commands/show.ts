import { once } from 'node:events'
import { UsageError } from '../../base/errors.ts'
import { parseRange } from '../../history/revision.ts'
import { catFile, splitRevisionPath } from '../../repo/cat.ts'
import { logOf } from '../../repo/log.ts'
import { listFolder } from '../../repo/ls.ts'
import { type RememberedMark, rememberedMarks } from '../../repo/marks-memory.ts'
import { type ShowResult, showCommit } from '../../repo/show.ts'
import type { Workspace } from '../../store/workspace.ts'
import { changedLines } from '../changed-lines.ts'
import { command, type Result } from '../command.ts'
import { commitLines } from '../commit-lines.ts'
import type { Context } from '../context.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import { markLine } from '../mark-lines.ts'

interface Options {
  findCopies?: boolean
  nameStatus?: boolean
  nameOnly?: boolean
  stat?: boolean
}

export const show = command<Options>({
  define: (command) =>
    command
      .argument(
        '[revision]',
        'a version, A..B for each of a range, or REV:PATH for a file or folder of it (default HEAD)',
        'HEAD',
      )
      .option('--stat', 'show sizes as well (this is the default)')
      .option('--name-status', 'one line per path')
      .option('--name-only', 'paths only')
      .option('--find-copies', 'look for the contents of an added file in all of the version before'),
  run: (context, [target = 'HEAD'], options) =>
    inLazyWorkspace(context, async (workspace) => {
      const { signal } = context
      const { findCopies } = options
      const place = splitRevisionPath(target)
      if (place) return showPath(context, workspace, target, place)
      const marks = rememberedMarks(workspace)
      const range = parseRange(target)
      if (!range) {
        const shown = await showCommit(workspace, { revision: target, findCopies, signal })
        return { data: dataOf(shown, marks), lines: linesOf(shown, marks, options) }
      }
      const commits: object[] = []
      const lines: string[] = []
      const chosen =
        range.$kind === 'parents'
          ? (await showCommit(workspace, { revision: range.revision, signal })).parents
          : (await logOf(workspace, { revisions: [target], signal })).map(({ commit }) => commit)
      for (const commit of chosen) {
        const shown = await showCommit(workspace, { revision: commit, findCopies, signal })
        commits.push(dataOf(shown, marks))
        lines.push(...(lines.length > 0 ? [''] : []), ...linesOf(shown, marks, options))
      }
      return { data: { commits }, lines, hints: commits.length === 0 ? [`no version is in ${target}`] : [] }
    }),
})

async function showPath(
  context: Context,
  workspace: Workspace,
  target: string,
  { revision, path }: { revision: string; path: string },
): Promise<Result> {
  const { signal } = context
  // The sides of a conflict are sides of a file.
  const isSide = /^:[1-3]$/.test(revision)
  const entries = isSide ? undefined : await listFolder(workspace, { revision, prefix: path, signal })
  if (entries)
    return {
      data: { folder: target, entries },
      lines: [`tree ${target}`, '', ...entries.map(({ name, kind }) => (kind === 'folder' ? `${name}/` : name))],
    }
  if (context.output.json) throw new UsageError('SHOW_JSON', 'a file is written as bytes, not as JSON')
  const { stdout } = context.output.streams
  const bytes = catFile(workspace, { revision, path, signal })
  for await (const piece of bytes) if (!stdout.write(piece)) await once(stdout, 'drain')
  return { data: {} }
}

function dataOf(shown: ShowResult, marks: ReadonlyMap<string, RememberedMark>): object {
  const mark = marks.get(shown.commit)
  return { ...shown, ...(mark ? { mark } : {}) }
}

function linesOf(shown: ShowResult, marks: ReadonlyMap<string, RememberedMark>, options: Options): string[] {
  const mark = marks.get(shown.commit)
  return [
    ...commitLines(shown, mark ? [markLine(mark)] : []),
    ...changedLines(shown.changes, { stat: true, ...options }),
  ]
}
