import { type AddResult, add as addFiles } from '../../repo/add.ts'
import { hasStaged } from '../../repo/before.ts'
import { typedPath, workspacePath } from '../../repo/paths.ts'
import type { Staging } from '../../store/staging.ts'
import type { Workspace } from '../../store/workspace.ts'
import { command } from '../command.ts'
import { settledLines } from '../conflict-lines.ts'
import type { Context } from '../context.ts'
import { IN_PLACE_HELP, inPlaceHints, inPlaceLines } from '../in-place-text.ts'
import { withProgress } from '../progress.ts'
import { formatBytes, formatCount } from '../text.ts'
import { floeCommand, pathWords } from '../undo.ts'
import { pathGroups, undoOfPaths } from '../undo-paths.ts'
import { inWorkspace } from '../workspace.ts'

export const add = command<{ all?: boolean; update?: boolean; force?: boolean; dryRun?: boolean; inPlace?: boolean }>({
  define: (command) =>
    command
      .argument('[path...]', 'files or folders; everything below a folder is added')
      .option('-A, --all', 'stage every change in the workspace, deletions too')
      .option('-u, --update', 'stage changes and deletions of tracked files only')
      .option('-f, --force', 'add ignored files as well')
      .option('-n, --dry-run', 'only say what would be added')
      .option('--in-place', 'do not copy large files: they hold the contents of the version themselves')
      .addHelpText('after', IN_PLACE_HELP),
  async run(context, paths, options) {
    return inWorkspace(context, async (workspace) => {
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      const typed = paths.length > 0 ? paths : [typedPath(workspace, context.cwd, '')]
      const before = workspace.readStaging()
      const hadStaged = hasStaged(before, chosen)
      const result = await withProgress(context, 'add', (onProgress) =>
        addFiles(workspace, { paths: chosen, ...options, signal: context.signal, onProgress }),
      )
      for (const warning of result.warnings) context.output.warn(warning.message)
      const settled = settledLines(context.output, result.settled)
      const verb = options.dryRun ? 'Would stage' : 'Staged'
      const removed = result.removed.length > 0 ? `, ${formatCount(result.removed.length, 'deletion')}` : ''
      return {
        data: result,
        lines: [
          `${verb} ${formatCount(result.files, 'file')} (${formatBytes(result.bytes)}, ${formatBytes(result.newBytes)} new)${removed}`,
          ...inPlaceLines(result.inPlace),
          ...settled.lines,
        ],
        hints: [...inPlaceHints(result.inPlace), ...settled.hints],
        ...(options.dryRun || result.files + result.removed.length === 0
          ? {}
          : hadStaged
            ? undoMore(context, workspace, result, before)
            : { undo: [floeCommand('restore', '--staged', ...pathWords(typed))] }),
      }
    })
  },
})

/** Where something was staged before, only what came now is to go. */
function undoMore(context: Context, workspace: Workspace, { added, removed }: AddResult, before: Staging) {
  const groups = pathGroups()
  let again = 0
  for (const path of [...added.map((file) => file.path), ...removed]) {
    groups.add(before.get(path) === null ? 'floe rm --cached' : 'floe restore --staged', path)
    if (before.get(path)) again++
  }
  const { undo, notUndone } = undoOfPaths(context, workspace, groups, undefined)
  const lost = again > 0 ? [`what had been staged of ${formatCount(again, 'path')} before cannot be staged again`] : []
  return { undo, notUndone: [...notUndone, ...lost] }
}
