import { add as addFiles } from '../../repo/add.ts'
import { workspacePath } from '../../repo/paths.ts'
import { command } from '../command.ts'
import { IN_PLACE_HELP, inPlaceHints, inPlaceLines } from '../in-place-text.ts'
import { withProgress } from '../progress.ts'
import { formatBytes, formatCount } from '../text.ts'
import { floeCommand } from '../undo.ts'
import { inWorkspace } from '../workspace.ts'

export const add = command<{ all?: boolean; force?: boolean; dryRun?: boolean; inPlace?: boolean }>({
  define: (command) =>
    command
      .argument('[path...]', 'files or folders; everything below a folder is added')
      .option('-A, --all', 'stage every change in the workspace, deletions too')
      .option('-f, --force', 'add ignored files as well')
      .option('-n, --dry-run', 'only say what would be added')
      .option('--in-place', 'do not copy large files: they hold the contents of the version themselves')
      .addHelpText('after', IN_PLACE_HELP),
  async run(context, paths, options) {
    return inWorkspace(context, async (workspace) => {
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      const result = await withProgress(context, 'add', (onProgress) =>
        addFiles(workspace, { paths: chosen, ...options, signal: context.signal, onProgress }),
      )
      for (const warning of result.warnings) context.output.warn(warning.message)
      const verb = options.dryRun ? 'Would stage' : 'Staged'
      const removed = result.removed.length > 0 ? `, ${formatCount(result.removed.length, 'deletion')}` : ''
      return {
        data: result,
        lines: [
          `${verb} ${formatCount(result.files, 'file')} (${formatBytes(result.bytes)}, ${formatBytes(result.newBytes)} new)${removed}`,
          ...inPlaceLines(result.inPlace),
        ],
        hints: inPlaceHints(result.inPlace),
        undo:
          result.files + result.removed.length > 0 && !options.dryRun
            ? [floeCommand('restore', '--staged', ...(paths.length > 0 ? paths : ['.']))]
            : [],
      }
    })
  },
})
