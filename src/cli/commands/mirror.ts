import { resolve } from 'node:path'
import { EXIT_CODES, FloeError } from '../../base/errors.ts'
import { isFolderSource } from '../../repo/folder-source.ts'
import { type MirrorResult, mirror } from '../../repo/mirror.ts'
import { readRemote } from '../../repo/remote.ts'
import { nodeFs } from '../../store/node-fs.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { addAggregatorFlag, addNetworkFlags, type NetworkFlags, networkOfAddress, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { formatBytes, formatCount } from '../text.ts'
import { floeCommand } from '../undo.ts'
import { warnOfUnread } from '../unread-refs.ts'

export const mirrorCommand = command<NetworkFlags & { of?: string; prune?: boolean; full?: boolean }>({
  define: (command) =>
    addAggregatorFlag(addNetworkFlags(command))
      .argument('<dir>', 'folder of the mirror; made if it is not there')
      .option('--of <repository>', 'NETWORK:OBJECT_ID (default: what it mirrors, else `origin` of this workspace)')
      .option('--prune', 'delete branches that the repository has no longer; otherwise they stay')
      .option('--full', 'read and hash every byte of the mirror as well')
      .addHelpText(
        'after',
        '\nAll branches and tags with all their versions, checked against the chain. Run it again to bring what is new, or to' +
          '\ngo on. A branch that cannot be read there stays as it is here, and a warning names it (exit 3).\nWithout a network: `floe clone DIR`, `floe fetch DIR`; to restore: `floe -C DIR push --create NAME`.' +
          '\nWhoever has the folder can read all of it.',
      ),
  async run(context, [folder = ''], options) {
    const dir = resolve(context.cwd, folder)
    const of = options.of ?? (await addressFor(context, dir))
    const network = of === undefined ? undefined : networkOfAddress(of)
    const result = await withProgress(context, 'fetch', (onProgress) =>
      withNetwork(
        context,
        network,
        options,
        (remoteOptions) => mirror(dir, { ...remoteOptions, of, prune: options.prune, full: options.full }),
        onProgress,
      ),
    )
    warnOfUnread(context.output, result.unread)
    for (const commit of result.lost)
      context.output.warn(`version ${commit.slice(0, 12)} is not whole: the network no longer stores all of it`)
    for (const ref of result.kept) context.output.warn(`${ref} is gone from the repository and stays here`)
    for (const bad of result.badNodes) context.output.warn(`node ${bad.node}: ${bad.reason}`)
    return {
      data: result,
      lines: linesOf(result),
      hints: [
        ...new Set(result.unread.flatMap(({ error }) => error.hints)),
        ...(result.$kind === 'created'
          ? [`\`${floeCommand('clone', dir)}\` needs no network; delete the folder to take it back`]
          : []),
      ],
      exitCode: result.lost.length + result.unread.length > 0 ? EXIT_CODES.partial : 0,
    }
  },
})

/** What the mirror says of itself, else the remote of the workspace around. */
async function addressFor(context: Context, dir: string): Promise<string | undefined> {
  try {
    await using workspace = await openWorkspace(isFolderSource(nodeFs, dir) ? dir : context.cwd)
    const { network, repository } = readRemote(workspace)
    return `${network}:${repository}`
  } catch (error) {
    if (error instanceof FloeError && ['NOT_A_WORKSPACE', 'REMOTE_MISSING'].includes(error.code)) return undefined
    throw error
  }
}

function linesOf(result: MirrorResult): string[] {
  const { verified, unread } = result
  const checked = verified ? [`  every byte checked: ${formatCount(verified.objects, 'object')}`] : []
  if (result.$kind === 'up-to-date')
    return [
      unread.length > 0
        ? 'Nothing is new of what can be read'
        : `Already up to date with entry ${result.pushes - 1} of the log`,
      ...checked,
    ]
  return [
    ...result.updated.map(
      ({ ref, old, new: next }) => `${ref}  ${old?.slice(0, 12) ?? '(new)'} → ${next?.slice(0, 12) ?? '(gone)'}`,
    ),
    `${result.$kind === 'created' ? 'Mirrored' : 'Brought'} ${formatCount(result.commits, 'version')} of ${result.network}:${result.repository}`,
    `  ${formatCount(result.objects, 'object')}, ${formatBytes(result.downloadedBytes)} downloaded, into ${result.dir}`,
    ...checked,
  ]
}
