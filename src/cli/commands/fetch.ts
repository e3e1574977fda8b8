import { resolve } from 'node:path'
import { EXIT_CODES, FloeError, UsageError } from '../../base/errors.ts'
import type { Deepened } from '../../repo/deepen.ts'
import { type FetchResult, fetchRemote } from '../../repo/fetch.ts'
import { fetchFolder, isFolderSource } from '../../repo/folder-source.ts'
import { defaultRemote } from '../../repo/reading-remote.ts'
import type { Workspace } from '../../store/workspace.ts'
import { positiveInteger } from '../arguments.ts'
import { command, type Result } from '../command.ts'
import type { Context } from '../context.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { formatCount } from '../text.ts'
import { undoOfRefs } from '../undo-refs.ts'
import { warnOfUnread } from '../unread-refs.ts'
import { inWorkspace } from '../workspace.ts'

interface FetchFlags extends NetworkFlags {
  all?: boolean
  name?: string
  deepen?: string
  unshallow?: boolean
}

export const fetchCommand = command<FetchFlags>({
  define: (command) =>
    addNetworkFlags(command)
      .argument(
        '[remote]',
        'remote to ask (default: the one that the branch follows, else origin), or the folder of a mirror or workspace',
      )
      .argument('[ref...]', 'branches and tags to bring (default: all)')
      .option('--all', 'ask every remote; one that does not answer stops none of the others (exit 3)')
      .option('-p, --prune', 'forget branches that the remote has no more; always so')
      .option('-t, --tags', 'bring its tags; always so')
      .option('--name <name>', 'of a folder: its branches appear below this name (default: mirror)')
      .option('--deepen <count>', 'of a clone with --depth: bring so many more versions of its history')
      .option('--unshallow', 'of a clone with --depth: bring the rest of its history')
      .addHelpText(
        'after',
        '\nA branch that cannot be read there keeps nobody from the others: a warning names it (exit 3).',
      ),
  run: (context, [named, ...refs], options) =>
    inWorkspace(context, async (workspace) => {
      const deepen = options.unshallow ? Number.POSITIVE_INFINITY : generations(options.deepen)
      if (options.all) {
        if (named !== undefined || deepen !== undefined || options.name !== undefined)
          throw new UsageError(
            'OPTIONS_EXCLUSIVE',
            '--all asks every remote: a remote, --name, --deepen and --unshallow mean one',
          )
        return fromAll(context, workspace, options)
      }
      const remote = named ?? defaultRemote(workspace)
      const isRemote = Object.hasOwn(workspace.readConfig().remotes ?? {}, remote)
      const folder = resolve(context.cwd, remote)
      if (!isRemote && isFolderSource(workspace.fs, folder)) return fromFolder(context, workspace, folder, options.name)
      const result = await fromRemote(context, workspace, remote, { ...options, refs, generations: deepen })
      const lines = updateLines(result)
      if (result.deepened) lines.push(deepenedLine(result.deepened))
      return {
        data: result,
        lines: lines.length > 0 ? lines : ['Already up to date'],
        hints: [...new Set(result.unread.flatMap(({ error }) => error.hints))],
        exitCode: result.unread.length > 0 ? EXIT_CODES.partial : 0,
      }
    }),
})

async function fromRemote(
  context: Context,
  workspace: Workspace,
  remote: string,
  options: FetchFlags & { generations?: number | undefined; refs?: readonly string[] },
): Promise<FetchResult> {
  const network = await networkOfRemote(workspace, remote)
  const result = await withProgress(context, 'fetch', (onProgress) =>
    withNetwork(
      context,
      network,
      options,
      (remoteOptions) =>
        fetchRemote(workspace.root, {
          ...remoteOptions,
          remote,
          refs: options.refs?.length ? options.refs : undefined,
          deepen: options.generations,
        }),
      onProgress,
    ),
  )
  for (const tag of result.keptTags)
    context.output.warn(
      `${tag.ref} is ${tag.here.slice(0, 12)} here and ${tag.there.slice(0, 12)} on the remote; yours was kept`,
    )
  warnOfUnread(context.output, result.unread)
  return result
}

/** What one remote answers or does not answer is of no concern to the next. */
async function fromAll(context: Context, workspace: Workspace, options: FetchFlags): Promise<Result> {
  const fetched: FetchResult[] = []
  const failed: { remote: string; error: FloeError }[] = []
  for (const remote of Object.keys(workspace.readConfig().remotes ?? {}).sort())
    try {
      fetched.push(await fromRemote(context, workspace, remote, options))
    } catch (error) {
      if (!(error instanceof FloeError) || error.kind === 'cancelled' || error.kind === 'internal') throw error
      failed.push({ remote, error })
      context.output.warn(`${remote} was not fetched: ${error.message}`)
    }
  const lines = fetched.flatMap((result) => {
    const updates = updateLines(result)
    return updates.length > 0 ? [`From ${result.remote}`, ...updates] : []
  })
  if (lines.length === 0 && failed.length === 0)
    lines.push(fetched.length > 0 ? 'Already up to date' : 'This workspace has no remotes')
  const exits = new Set(failed.map(({ error }) => error.exitCode))
  return {
    data: { remotes: fetched, failed: failed.map(({ remote, error }) => ({ remote, error: error.toJSON() })) },
    lines,
    hints: [...new Set([...failed, ...fetched.flatMap(({ unread }) => unread)].flatMap(({ error }) => error.hints))],
    exitCode:
      failed.length === 0
        ? fetched.some(({ unread }) => unread.length > 0)
          ? EXIT_CODES.partial
          : 0
        : fetched.length > 0
          ? EXIT_CODES.partial
          : exits.size === 1
            ? [...exits][0]!
            : EXIT_CODES.other,
  }
}

function updateLines({ updated }: FetchResult): string[] {
  return updated.map(
    (update) =>
      `${update.forced ? '+' : ' '} ${update.ref}  ${update.old?.slice(0, 12) ?? '(new)'} → ${update.new?.slice(0, 12) ?? '(gone)'}`,
  )
}

function generations(text: string | undefined): number | undefined {
  return text === undefined ? undefined : positiveInteger(text, '--deepen')
}

function deepenedLine({ commits, absent }: Deepened): string {
  const rest = absent > 0 ? '; there is more of it' : ''
  return commits > 0
    ? `Brought ${formatCount(commits, 'older version')}${rest || ', which is the rest'}`
    : 'History is complete here'
}

async function fromFolder(
  context: Context,
  workspace: Workspace,
  folder: string,
  name: string | undefined,
): Promise<Result> {
  const result = await withProgress(context, 'fetch', (onProgress) =>
    fetchFolder(workspace, folder, { name, signal: context.signal, onProgress }),
  )
  for (const tag of result.keptTags) context.output.warn(`${tag} is another version here and was left alone`)
  const lines = result.updated.map(
    ({ ref, old, new: next, forced }) =>
      `${forced ? '+' : ' '} ${ref}  ${old?.slice(0, 12) ?? '(new)'} → ${next.slice(0, 12)}`,
  )
  const branch = result.updated.find(({ ref }) => ref.startsWith('remotes/'))?.ref.slice('remotes/'.length)
  return {
    data: result,
    lines: lines.length > 0 ? lines : ['Already up to date'],
    hints: branch ? [`\`floe merge ${branch}\` brings it into the current branch`] : [],
    ...undoOfRefs(workspace, name ?? 'mirror', result.updated),
  }
}
