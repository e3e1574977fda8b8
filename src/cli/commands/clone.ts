import { basename, resolve } from 'node:path'
import { UsageError } from '../../base/errors.ts'
import { clone as cloneRepository } from '../../repo/clone.ts'
import { cloneFolder, isFolderSource } from '../../repo/folder-source.ts'
import { nodeFs } from '../../store/node-fs.ts'
import { repeated } from '../arguments.ts'
import { command, type Result } from '../command.ts'
import type { Context } from '../context.ts'
import { warnOfExpiry } from '../expiry-warnings.ts'
import { warnOfMarks } from '../mark-lines.ts'
import { addAggregatorFlag, addNetworkFlags, type NetworkFlags, networkOfAddress, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { formatBytes, formatCount } from '../text.ts'
import { emptying, type FolderBefore, folderBefore, removal } from '../undo-folder.ts'
import { warnOfUnread } from '../unread-refs.ts'

export const clone = command<
  NetworkFlags & { ref?: string; allowTakedown?: boolean; atLog?: string; filter?: string[]; depth?: string }
>({
  define: (command) =>
    addAggregatorFlag(addNetworkFlags(command))
      .argument('<repository>', 'NETWORK:OBJECT_ID[@REVISION], or the folder of a mirror or workspace')
      .argument('[dir]', 'directory to create (default: the repository name)')
      .option('-b, --ref <name>', 'branch or tag to check out')
      .option(
        '--filter <pattern>',
        "have only these paths on disk: 'train/**', '*.parquet', '!train/raw' (repeatable; the last that matches decides)",
        repeated,
      )
      .option('--depth <commits>', 'so many commits of each ref instead of the whole history')
      .option('--allow-takedown', 'bring a version that was taken down all the same')
      .option('--at-log <number>', 'the state as of this entry of the push log'),
  async run(context, [address, dir], options) {
    const folder = resolve(context.cwd, address!)
    if (isFolderSource(nodeFs, folder)) return fromFolder(context, folder, dir, options)
    const network = networkOfAddress(address!)
    const target = resolve(context.cwd, dir ?? address!.slice(network.length + 1, network.length + 15))
    const before = folderBefore(target)
    const result = await withProgress(context, 'clone', (onProgress) =>
      withNetwork(
        context,
        network,
        options,
        (remoteOptions) =>
          cloneRepository(address!, target, {
            ...remoteOptions,
            ref: options.ref,
            allowTakedown: options.allowTakedown,
            filter: options.filter,
            depth: options.depth === undefined ? undefined : Number(options.depth),
            atLog: options.atLog === undefined ? undefined : Number(options.atLog),
          }),
        onProgress,
      ),
    )
    warnOfMarks(context.output, result.marks)
    warnOfExpiry(context.output, result.expiring)
    warnOfUnread(context.output, result.unread)
    for (const bad of result.badNodes) context.output.warn(`node ${bad.node}: ${bad.reason}`)
    return {
      data: result,
      lines: [
        `Cloned ${result.ref} at ${result.commit.slice(0, 12)} into ${result.dir}`,
        `  ${formatCount(result.files, 'file')}, ${formatBytes(result.bytes)}; ${formatBytes(result.downloadedBytes)} downloaded`,
        ...(result.absent > 0 ? [`  ${formatCount(result.absent, 'path')} left out by the filter`] : []),
      ],
      hints: result.absent > 0 ? ['`floe get PATH` brings more'] : [],
      undo: undo(context.cwd, target, before),
    }
  },
})

/** Everything that the folder has, without a network. */
async function fromFolder(
  context: Context,
  folder: string,
  dir: string | undefined,
  options: { ref?: string; filter?: string[]; depth?: string; atLog?: string },
): Promise<Result> {
  const odd = (['filter', 'depth', 'atLog'] as const).find((name) => options[name] !== undefined)
  if (odd)
    throw new UsageError('CLONE_WHOLE_ONLY', `a folder is cloned as a whole, without --${odd.replace('L', '-l')}`, {
      hints: ['files that are not wanted can go afterwards: `floe drop PATH`'],
    })
  const target = resolve(context.cwd, dir ?? basename(folder))
  const { signal } = context
  const before = folderBefore(target)
  const result = await withProgress(context, 'clone', (onProgress) =>
    cloneFolder(nodeFs, folder, target, { ref: options.ref, signal, onProgress }),
  )
  return {
    data: result,
    lines: [
      `Cloned ${result.ref} at ${result.commit.slice(0, 12)} into ${result.dir}`,
      `  ${formatCount(result.files, 'file')}, ${formatCount(result.newObjects, 'object')} from ${folder}`,
    ],
    hints: ['`floe pull` asks the network, as where it was cloned from does; `floe fetch FOLDER` asks the folder'],
    undo: undo(context.cwd, target, before),
  }
}

/** The folder was not there, or was empty. */
function undo(cwd: string, target: string, { made }: FolderBefore): string[] {
  return [made === null ? emptying(cwd, target) : removal(cwd, made)]
}
