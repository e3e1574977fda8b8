import { UsageError } from '../../base/errors.ts'
import { isHeldElsewhere } from '../../repo/branch.ts'
import type { LeftBehind } from '../../repo/left-behind.ts'
import { type SwitchResult, switchTo } from '../../repo/switch.ts'
import type { Workspace } from '../../store/workspace.ts'
import { bringing } from '../bringing.ts'
import { command } from '../command.ts'
import { withProgress } from '../progress.ts'
import { formatCount } from '../text.ts'
import { floeCommand, shortId } from '../undo.ts'
import { endedLines, lostLines } from '../undo-paths.ts'
import { inWorkspace } from '../workspace.ts'

export const switchCommand = command<{ create?: boolean; forceCreate?: boolean; detach?: boolean; force?: boolean }>({
  define: (command) =>
    command
      .argument('<branch>', 'branch, - for the one before, or a revision with --detach')
      .argument('[start]', 'with -c or -C: revision the branch starts at (default HEAD)')
      .option('-c, --create', 'create the branch first')
      .option('-C, --force-create', 'create the branch, or move it there if it exists already')
      .option('-d, --detach', 'look at a revision without being on a branch')
      .option('-f, --force', 'throw away local changes'),
  async run(context, [target, at], options) {
    const { forceCreate: reset, ...others } = options
    const modes = [options.create, reset, options.detach].filter(Boolean)
    if (modes.length > 1) throw new UsageError('SWITCH_MODES', 'give one of -c, -C and --detach')
    if (at !== undefined && !options.create && !reset)
      throw new UsageError('SWITCH_START', `only a new branch has a place to start at: floe switch -c ${target} ${at}`)
    return inWorkspace(context, async (workspace) => {
      const before = lookAt(workspace)
      const result = await withProgress(context, 'switch', (onProgress) =>
        bringing(context, workspace, at ?? target!, () =>
          switchTo(workspace, { target: target!, at, reset, ...others, signal: context.signal, onProgress }),
        ),
      )
      const { left, lost, ended } = result
      if (left) context.output.warn(leftText(left))
      return {
        data: result,
        lines: [
          `${result.branch ? `${reset && !result.created ? 'Reset and switched' : 'Switched'} to branch ${result.branch}` : `HEAD is now at ${result.commit?.slice(0, 12)}`} ` +
            `(${formatCount(result.written, 'file')} written, ${result.deleted} deleted)`,
        ],
        undo: await wayBack(workspace, before, result),
        notUndone: [...lostLines(lost), ...endedLines(ended)],
      }
    })
  },
})

const lookAt = ({ refs }: Workspace) => ({ head: refs.readHead(), commit: refs.headCommit() })

/** By names and ids, not by `-`: another switch may come between, and the log has no entry for every one. */
async function wayBack(
  workspace: Workspace,
  { head, commit }: ReturnType<typeof lookAt>,
  { created, branch, was }: SwitchResult,
): Promise<string[]> {
  const after = lookAt(workspace)
  const hasMoved = was !== null && was !== after.commit
  // With what is edited and staged, as it came.
  if (hasMoved && head.$kind === 'branch' && head.branch === branch)
    return [floeCommand('switch', '-C', branch, shortId(was))]
  const moved = hasMoved ? [floeCommand('branch', '-f', branch!, shortId(was))] : []
  if (JSON.stringify(head) === JSON.stringify(after.head)) return []
  const made = created ? branch : null
  if (head.$kind === 'branch' && commit === null) {
    // There is no branch yet to switch to.
    const named = made ? floeCommand('branch', '-m', made, head.branch) : floeCommand('switch', '-c', head.branch)
    return after.commit === null ? [named] : [named, floeCommand('reset', '--hard', '--root'), ...moved]
  }
  const back = head.$kind === 'branch' ? [head.branch] : ['--detach', shortId(head.commit)]
  const undo = [floeCommand('switch', ...back), ...moved]
  if (made !== null) {
    // Where only an id led, no other branch holds the commits.
    const isHeld = after.commit === commit && head.$kind === 'branch'
    const isSafe = isHeld || (await isHeldElsewhere(workspace, made, after.commit!))
    undo.push(floeCommand('branch', '-d', made, ...(isSafe ? [] : ['--force'])))
  }
  return undo
}

function leftText({ commits, tip }: LeftBehind): string {
  const them = commits === 1 ? 'it' : 'them'
  return `no branch or tag leads to ${formatCount(commits, 'commit')} that you left: \`${floeCommand('branch', 'NAME', shortId(tip))}\` keeps ${them}`
}
