import { resolve } from 'node:path'
import { fetchRemote } from '../../repo/fetch.ts'
import { fetchFolder, isFolderSource } from '../../repo/folder-source.ts'
import type { Workspace } from '../../store/workspace.ts'
import { command, type Result } from '../command.ts'
import type { Context } from '../context.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { inWorkspace } from '../workspace.ts'

export const fetchCommand = command<NetworkFlags & { name?: string }>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[remote]', 'remote to ask, or the folder of a mirror or workspace', 'origin')
      .option('--name <name>', 'of a folder: its branches appear below this name (default: mirror)'),
  run: (context, [remote = 'origin'], options) =>
    inWorkspace(context, async (workspace) => {
      const isRemote = Object.hasOwn(workspace.readConfig().remotes ?? {}, remote)
      const folder = resolve(context.cwd, remote)
      if (!isRemote && isFolderSource(workspace.fs, folder)) return fromFolder(context, workspace, folder, options.name)
      const network = await networkOfRemote(workspace, remote)
      const result = await withProgress(context, 'fetch', (onProgress) =>
        withNetwork(
          context,
          network,
          options,
          (remoteOptions) => fetchRemote(workspace.root, { ...remoteOptions, remote }),
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
      return { data: result, lines: lines.length > 0 ? lines : ['Already up to date'] }
    }),
})

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
  }
}
