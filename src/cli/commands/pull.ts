import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { FloeError, UsageError } from '../../base/errors.ts'
import { hasChanges } from '../../repo/before.ts'
import { exportVersion, partialOf } from '../../repo/export-version.ts'
import { get } from '../../repo/get.ts'
import { workspacePath } from '../../repo/paths.ts'
import { pull as pullRef } from '../../repo/pull.ts'
import { readRemote } from '../../repo/remote.ts'
import { repeated } from '../arguments.ts'
import { authorFrom } from '../author.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { warnOfExpiry } from '../expiry-warnings.ts'
import { warnOfMarks } from '../mark-lines.ts'
import {
  addAggregatorFlag,
  addNetworkFlags,
  type NetworkFlags,
  networkOfAddress,
  networkOfRemote,
  withNetwork,
} from '../network.ts'
import { undoReset } from '../operation-flags.ts'
import { withProgress } from '../progress.ts'
import { pullArguments } from '../pull-arguments.ts'
import { formatBytes, formatCount } from '../text.ts'
import { folderBefore, removal } from '../undo-folder.ts'
import { warnOfUnread } from '../unread-refs.ts'
import { inWorkspace } from '../workspace.ts'
import { rebaseResult } from './rebase.ts'

interface PullFlags extends NetworkFlags {
  allowTakedown?: boolean
  rebase?: boolean
  ffOnly?: boolean
  to?: string
  ref?: string
  atomic?: boolean
  filter?: string[]
}

export const pull = command<PullFlags>({
  define: (command) =>
    addAggregatorFlag(addNetworkFlags(command))
      .argument('[remote]', 'remote to pull from (default: the one that the branch follows, else origin)')
      .argument('[ref]', 'branch (default: the current one)')
      .argument(
        '[path...]',
        'in a partial workspace: paths to bring to this disk as well; also without remote and branch',
      )
      .option('--allow-takedown', 'bring a version that was taken down all the same')
      .option('--ff-only', 'refuse to merge; exit 1 where you have commits that the remote lacks')
      .option('--rebase', 'make your commits again on what the remote has, instead of merging')
      .option('--to <dir>', 'write the version into a new directory without .floe; the remote may be an address')
      .option('--ref <name>', 'with --to: branch, tag or commit (default: main)')
      .option('--filter <pattern>', "with --to: only these paths, such as 'train/**' (repeatable)", repeated)
      .option('--atomic', 'with --to: the directory appears complete or not at all; always so'),
  run: (context, words, options) =>
    options.to !== undefined
      ? exportTo(context, words[0], words[1], options.to, options)
      : inWorkspace(context, async (workspace) => {
          refuseWithoutTo(options)
          if (options.rebase && options.ffOnly)
            throw new UsageError('OPTIONS_EXCLUSIVE', '--rebase and --ff-only are two different things')
          const { remote, ref, paths } = await pullArguments(workspace, context.cwd, words, context.afterDashes)
          const network = await networkOfRemote(workspace, remote)
          const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
          // Only a merge commit needs one, but whether there will be one is not known yet.
          const author = await authorFrom(context, workspace, undefined)
          const hadFiles = workspace.refs.headCommit() === null && (await hasChanges(workspace, true))
          const result = await withProgress(context, 'pull', (onProgress) =>
            withNetwork(
              context,
              network,
              options,
              async (remoteOptions) => {
                const pulled = await pullRef(workspace.root, {
                  ...remoteOptions,
                  remote,
                  ref,
                  author,
                  allowTakedown: options.allowTakedown,
                  rebase: options.rebase,
                  fastForwardOnly: options.ffOnly,
                })
                if (chosen.length > 0) await get(workspace.root, { ...remoteOptions, paths: chosen, remote })
                return pulled
              },
              onProgress,
            ),
          )
          workspace.store.refresh()
          warnOfMarks(context.output, result.marks)
          warnOfExpiry(context.output, result.expiring)
          warnOfUnread(context.output, result.unread)
          const brought = chosen.length > 0 ? [`Brought ${paths.join(', ')}`] : []
          if (result.$kind === 'up-to-date') return { data: result, lines: ['Already up to date', ...brought] }
          if (result.$kind === 'conflicts' || result.$kind === 'rebased') return rebaseResult(workspace, result)
          return {
            data: result,
            lines: [
              `${result.$kind === 'merged' ? 'Merged' : 'Fast-forwarded'} ${result.from?.slice(0, 12) ?? '(empty)'} → ${result.to.slice(0, 12)} (${formatCount(result.files, 'file')} changed)`,
              ...brought,
            ],
            ...(await undoReset(workspace, result, hadFiles)),
          }
        }),
})

function refuseWithoutTo({ ref, atomic, filter }: PullFlags): void {
  if (ref !== undefined || atomic || filter)
    throw new UsageError('PULL_TO_MISSING', '--ref, --filter and --atomic go with --to DIR', {
      hints: ['To pull a branch into the workspace, name it: `floe pull origin BRANCH`'],
    })
}

async function exportTo(
  context: Context,
  named: string | undefined,
  ref: string | undefined,
  to: string,
  options: PullFlags,
) {
  const revision = options.ref ?? ref
  const goal = resolve(context.cwd, to)
  const before = folderBefore(goal)
  const run = (target: string, network: string | undefined) =>
    withProgress(context, 'pull', (onProgress) =>
      withNetwork(
        context,
        network,
        options,
        (remoteOptions) =>
          exportVersion(target, goal, {
            ...remoteOptions,
            ref: revision,
            filter: options.filter,
            allowTakedown: options.allowTakedown,
          }),
        onProgress,
      ),
    )
  // The remote's version, not what this workspace knew of it last.
  const address = named?.includes(':')
    ? named
    : await inWorkspace(context, async (workspace) => {
        const { network, repository } = readRemote(workspace, named)
        return `${network}:${repository}`
      })
  const result = await run(address, networkOfAddress(address)).catch((error: unknown) => {
    throw error instanceof FloeError ? unfinishedExport(error, goal, to) : error
  })
  warnOfMarks(context.output, result.marks)
  const size = `${formatCount(result.files, 'file')}, ${formatBytes(result.bytes)}`
  return {
    data: result,
    lines: [
      `Wrote ${result.commit.slice(0, 12)} to ${result.dir}`,
      `  ${size}; ${formatBytes(result.downloadedBytes)} downloaded`,
    ],
    ...(before.made === null ? {} : { undo: [removal(context.cwd, before.made)] }),
  }
}

/** What has come so far is kept, and a user who does not know that begins anew, or wonders what fills the disk. */
function unfinishedExport(error: FloeError, goal: string, to: string): FloeError {
  const partial = partialOf(goal)
  if (!existsSync(partial) || error.kind === 'locked') return error
  const { kind, code, data, retryable, cause } = error
  const hints = [
    ...error.hints,
    `${to} has not appeared; what has come so far is in ${partial}: the same command goes on from there, or remove that folder`,
  ]
  const message = kind === 'cancelled' ? 'the pull was cancelled' : error.message
  return new FloeError(kind, code, message, { data, hints, retryable, cause })
}
