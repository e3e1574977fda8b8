import { UsageError } from '../../base/errors.ts'
import { isHeldElsewhere } from '../../repo/branch.ts'
import { switchTo } from '../../repo/switch.ts'
import { bringing } from '../bringing.ts'
import { command } from '../command.ts'
import { withProgress } from '../progress.ts'
import { formatCount } from '../text.ts'
import { floeCommand, LOST_HINT } from '../undo.ts'
import { inWorkspace } from '../workspace.ts'

export const switchCommand = command<{ create?: boolean; detach?: boolean; force?: boolean }>({
  define: (command) =>
    command
      .argument('<branch>', 'branch, - for the one before, or a revision with --detach')
      .argument('[start]', 'with --create: revision the new branch starts at (default HEAD)')
      .option('-c, --create', 'create the branch first')
      .option('-d, --detach', 'look at a revision without being on a branch')
      .option('-f, --force', 'throw away local changes'),
  async run(context, [target, at], options) {
    if (at !== undefined && !options.create)
      throw new UsageError('SWITCH_START', `only a new branch has a place to start at: floe switch -c ${target} ${at}`)
    return inWorkspace(context, async (workspace) => {
      const before = workspace.refs.readHead()
      const result = await withProgress(context, 'switch', (onProgress) =>
        bringing(context, workspace, at ?? target!, () =>
          switchTo(workspace, { target: target!, at, ...options, signal: context.signal, onProgress }),
        ),
      )
      const after = workspace.refs.readHead()
      const isElsewhere = JSON.stringify(before) !== JSON.stringify(after)
      const undo = [floeCommand('switch', '-')]
      if (options.create) {
        // Where only an id led, no other branch holds the commits.
        const isPlain = at === undefined && before.$kind === 'branch'
        const isHeld = isPlain || (await isHeldElsewhere(workspace, target!, result.commit!))
        undo.push(floeCommand('branch', '-d', target!, ...(isHeld ? [] : ['--force'])))
      }
      return {
        data: result,
        lines: [
          `${result.branch ? `Switched to branch ${result.branch}` : `HEAD is now at ${result.commit?.slice(0, 12)}`} ` +
            `(${formatCount(result.written, 'file')} written, ${result.deleted} deleted)`,
        ],
        hints: options.force && result.written > 0 ? [LOST_HINT] : [],
        undo: isElsewhere ? undo : [],
      }
    })
  },
})
