import { resolve } from 'node:path'
import type { Deepened } from '../../repo/deepen.ts'
import { fetchRemote } from '../../repo/fetch.ts'
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
import { inWorkspace } from '../workspace.ts'

export const fetchCommand = command<NetworkFlags & { name?: string; deepen?: string; unshallow?: boolean }>({
  define: (command) =>
    addNetworkFlags(command)
      .argument(
        '[remote]',
        'remote to ask (default: the one that the branch follows, else origin), or the folder of a mirror or workspace',
      )
      .option('--name <name>', 'of a folder: its branches appear below this name (default: mirror)')
      .option('--deepen <count>', 'of a clone with --depth: bring so many more versions of its history')
      .option('--unshallow', 'of a clone with --depth: bring the rest of its history'),
  run: (context, [named], options) =>
    inWorkspace(context, async (workspace) => {
      const remote = named ?? defaultRemote(workspace)
      const isRemote = Object.hasOwn(workspace.readConfig().remotes ?? {}, remote)
      const folder = resolve(context.cwd, remote)
      if (!isRemote && isFolderSource(workspace.fs, folder)) return fromFolder(context, workspace, folder, options.name)
      const deepen = options.unshallow ? Number.POSITIVE_INFINITY : generations(options.deepen)
      const network = await networkOfRemote(workspace, remote)
      const result = await withProgress(context, 'fetch', (onProgress) =>
        withNetwork(
          context,
          network,
          options,
          (remoteOptions) => fetchRemote(workspace.root, { ...remoteOptions, remote, deepen }),
          onProgress,
        ),
      )
      const lines = result.updated.map(
        (update) =>
          `${update.forced ? '+' : ' '} ${update.ref}  ${update.old?.slice(0, 12) ?? '(new)'} → ${update.new?.slice(0, 12) ?? '(gone)'}`,
      )
      for (const tag of result.keptTags)
        context.output.warn(
          `${tag.ref} is ${tag.here.slice(0, 12)} here and ${tag.there.slice(0, 12)} on the remote; yours was kept`,
        )
      if (result.deepened) lines.push(deepenedLine(result.deepened))
      return { data: result, lines: lines.length > 0 ? lines : ['Already up to date'] }
    }),
})

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
