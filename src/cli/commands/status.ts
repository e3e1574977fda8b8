import type { ConflictRecord } from '../../repo/operation.ts'
import { typedPath, workspacePath } from '../../repo/paths.ts'
import { statusOf } from '../../repo/status.ts'
import { changeLine } from '../change-line.ts'
import { command } from '../command.ts'
import { conflictLines } from '../conflict-lines.ts'
import { warnOfExpiry } from '../expiry-warnings.ts'
import { IN_PLACE_CHANGED } from '../in-place-text.ts'
import { shortLines } from '../short-status.ts'
import { formatCount } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

export const status = command<{ short?: boolean; branch?: boolean }>({
  define: (command) =>
    command
      .argument('[path...]', 'look at these paths only')
      .option('-s, --short', 'one line per path, with two letters as in git: staged, and changed since')
      .option('-b, --branch', 'with --short: name the branch and what it follows in a first line'),
  async run(context, paths, options) {
    return inWorkspace(context, async (workspace) => {
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      const result = await statusOf(workspace, { paths: chosen, signal: context.signal })
      // Most workspaces that are looked at often follow nothing, and load nothing for it.
      const { remotes, branches } = workspace.readConfig()
      const standing = remotes || branches || options.branch ? await import('../branch-standing.ts') : undefined
      const upstream = (await standing?.followedBy(workspace, result.head, context.signal)) ?? null
      const lines: string[] = []
      const hints: string[] = []
      // As they can be typed where the user is.
      const shown = (path: string) => (context.cwd === workspace.root ? path : typedPath(workspace, context.cwd, path))
      const section = (title: string, entries: string[]) => {
        if (entries.length > 0 && !options.short) lines.push('', title, ...entries)
      }
      if (!options.short)
        lines.push(
          result.head.detached
            ? `HEAD detached at ${result.head.commit?.slice(0, 12)}`
            : `On branch ${result.head.branch}`,
          ...(result.head.commit ? [] : ['No commits yet']),
          ...(upstream && standing ? [standing.partedText(upstream)] : []),
        )
      else {
        if (options.branch) lines.push(standing!.branchLine(result.head, upstream))
        lines.push(...shortLines(result, shown))
      }
      if (result.operation) {
        const { kind, conflicts } = result.operation
        const open = conflicts.filter(isUnsettled)
        if (open.length > 0) section(`A ${kind} is in progress; conflicts:`, conflictLines(open, shown))
        else if (!options.short) lines.push('', `A ${kind} is in progress, with no conflict left`)
        hints.push(
          open.length > 0
            ? `settle a conflict with \`floe ${kind} --ours PATH\`, \`--theirs PATH\` or \`--file PATH\``
            : `\`floe ${kind} --continue\` records the result`,
        )
      }
      section(
        'Staged for the next commit:',
        result.staged.map((change) => `  ${changeLine(change, shown)}`),
      )
      // What is in conflict has been named.
      const isOpen = new Set(result.operation?.conflicts.filter(isUnsettled).map(({ path }) => path))
      section(
        'Changed but not staged:',
        result.unstaged.filter(({ path }) => !isOpen.has(path)).map((change) => `  ${changeLine(change, shown)}`),
      )
      section(
        'Not tracked:',
        result.untracked.filter((path) => !isOpen.has(path)).map((path) => `  ?  ${shown(path)}`),
      )
      warnOfExpiry(context.output, result.expiring)
      for (const { path, state } of result.inPlace) context.output.warn(`${path} ${IN_PLACE_CHANGED[state]}`)
      for (const problem of result.problems) context.output.warn(`${problem.path}: ${problem.message}`)
      if (result.sparse && !options.short)
        lines.push(
          `A part of the version is here: ${formatCount(result.sparse.absent, 'path')} are absent, not deleted`,
        )
      if (result.clean && !options.short) lines.push('Nothing to commit, the workspace is clean')
      if (result.operation) hints.push(`undo it with \`floe ${result.operation.kind} --abort\``)
      else if (result.staged.length > 0) hints.push('`floe commit -m "…"` records what is staged')
      else if (result.unstaged.length + result.untracked.length > 0) hints.push('`floe add <path>` stages changes')
      else if (upstream?.behind) hints.push('`floe pull` takes in what the remote has')
      else if (upstream?.ahead) hints.push('`floe push` sends what the remote lacks')
      return { data: { ...result, upstream }, lines, hints, exitCode: result.problems.length > 0 ? 3 : 0 }
    })
  },
})

const isUnsettled = ({ resolved }: ConflictRecord) => resolved === null
