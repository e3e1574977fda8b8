import { gc as collectGarbage } from '../../repo/gc.ts'
import { duration } from '../arguments.ts'
import { command } from '../command.ts'
import { formatBytes, formatCount } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

export const gc = command<{ dryRun?: boolean; grace?: string; reflog?: string }>({
  define: (command) =>
    command
      .option('-n, --dry-run', 'only say what would go, and its size')
      .option('--grace <time>', 'keep all that was written within this time (default 14d)')
      .option('--reflog <time>', 'keep versions that only a log of a branch remembers for this long (default 90d)')
      .addHelpText('after', '\nWhat a branch, tag, stash, log or staging refers to always stays. It cannot be undone.'),
  run: (context, _args, options) =>
    inWorkspace(context, async (workspace) => {
      const result = await collectGarbage(workspace, {
        dryRun: options.dryRun,
        graceMs: options.grace === undefined ? undefined : duration(options.grace, '--grace'),
        reflogMs: options.reflog === undefined ? undefined : duration(options.reflog, '--reflog'),
        signal: context.signal,
      })
      const { packs, bytes, unreachable, kept } = result
      return {
        data: result,
        lines: [
          `${formatCount(result.reachable, 'object')} in use, ${formatCount(unreachable, 'object')} not` +
            (kept > 0 ? ` (${kept} too young to go, or not worth it yet)` : ''),
          `${options.dryRun ? 'Would free about' : 'Freed'} ${formatBytes(Math.max(0, bytes.freed))}: ` +
            `${formatCount(packs.before, 'pack')} of ${formatBytes(bytes.before)} → ${packs.after} of ${formatBytes(bytes.after)}`,
        ],
        hints: kept > 0 && options.grace === undefined ? ['`--grace 0` counts what is young as well'] : [],
      }
    }),
})
