import { UsageError } from '../../base/errors.ts'
import { reset as resetBranch } from '../../repo/reset.ts'
import { bringFirst } from '../bringing.ts'
import { command } from '../command.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import { withProgress } from '../progress.ts'
import { formatCount } from '../text.ts'
import { floeCommand, LOST_HINT, shortId } from '../undo.ts'

export const reset = command<{ soft?: boolean; mixed?: boolean; hard?: boolean }>({
  define: (command) =>
    command
      .argument('[revision]', 'where the branch shall be (default HEAD)', 'HEAD')
      .option('--soft', 'keep files, and what was committed since as staged')
      .option('--mixed', 'keep files and unstage everything (the default)')
      .option('--hard', 'bring the files back too; uncommitted changes of tracked files are lost'),
  run: (context, [revision = 'HEAD'], options) =>
    inLazyWorkspace(context, async (workspace) => {
      const modes = (['soft', 'mixed', 'hard'] as const).filter((mode) => options[mode])
      if (modes.length > 1) throw new UsageError('RESET_MODES', 'give one of --soft, --mixed and --hard')
      const mode = modes[0] ?? 'mixed'
      await bringFirst(context, workspace, revision)
      const result = await withProgress(context, 'reset', (onProgress) =>
        resetBranch(workspace, { revision, mode, signal: context.signal, onProgress }),
      )
      const moved = result.from !== null && result.from !== result.to
      return {
        data: result,
        lines: [
          `${result.branch ?? 'HEAD'} is at ${result.to.slice(0, 12)}` +
            (mode === 'hard' ? ` (${formatCount(result.files, 'file')} changed)` : ''),
        ],
        hints: mode === 'hard' && result.files > 0 && !moved ? [LOST_HINT] : [],
        undo: moved ? [floeCommand('reset', `--${mode}`, shortId(result.from!))] : [],
      }
    }),
})
