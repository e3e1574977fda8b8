import { UsageError } from '../../base/errors.ts'
import { fsck as checkWorkspace } from '../../repo/fsck.ts'
import { DamageError } from '../../repo/fsck-damage.ts'
import type { RepairedRef } from '../../repo/ref-repair.ts'
import type { RemoteOptions } from '../../repo/remote-options.ts'
import type { Workspace } from '../../store/workspace.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { damageLines, putBackLine, repairLines } from '../damage-lines.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { formatBytes, formatCount } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

type Flags = NetworkFlags & {
  quick?: boolean
  full?: boolean
  repair?: boolean
  restart?: boolean
  ref?: string[]
  remote?: string
}

export const fsck = command<Flags>({
  define: (command) =>
    addNetworkFlags(command)
      .option('--quick', 'check indexes, and that everything is there which refs need; so without --full')
      .option('--full', 'read and hash every byte; goes on where an earlier check was cut off')
      .option('--restart', 'with --full: begin anew')
      .option(
        '--repair',
        'store what is damaged or missing again: from other packs, files of the workspace, or the remote',
      )
      .option(
        '--ref <name=target...>',
        'with --repair: where a damaged ref goes that no log tells of: HEAD=BRANCH, heads/main=COMMIT',
      )
      .option('--remote <name>', 'remote to take good copies from')
      .addHelpText(
        'after',
        '\nWithout --full, indexes and everything that refs need are checked. Damage ends with exit status 13 and lists the\n' +
          'objects, and files that need them. --repair deletes nothing: damaged packs are moved to .floe/damaged/.',
      ),
  run: (context, _args, options) =>
    inWorkspace(context, async (workspace) => {
      if (options.quick && options.full)
        throw new UsageError('OPTIONS_EXCLUSIVE', '--quick and --full are two different things')
      const closers: AsyncDisposable[] = []
      const putBack: RepairedRef[] = []
      const result = await withProgress(context, 'fsck', (onProgress) => {
        const check = (remote?: RemoteOptions) =>
          checkWorkspace(workspace, {
            full: options.full,
            repair: options.repair,
            restart: options.restart,
            refs: options.ref,
            onPutBack: (ref) => void putBack.push(ref),
            openRemote: remote && (() => openReader(workspace, options.remote, remote, closers)),
            signal: context.signal,
            onProgress,
          })
        return withRemote(context, workspace, options, check).finally(async () => {
          for (const closer of closers) await closer[Symbol.asyncDispose]()
        })
      }).catch((error: unknown) => {
        for (const ref of putBack) context.output.warn(putBackLine(ref))
        if (error instanceof DamageError) for (const line of damageLines(error.data)) context.output.result(line)
        throw error
      })
      const { report, repair, skippedPacks } = result
      const lines = report.checks.map(({ check, subject, detail }) => `ok  ${check}  ${subject}: ${detail}`)
      if (repair) lines.push(...repairLines(repair))
      lines.push(
        `Local objects are whole: ${formatCount(report.objects, 'object')}, ${formatBytes(report.bytes)} in ${formatCount(report.packs, 'pack')}` +
          (report.full ? ', every byte read' : '') +
          (skippedPacks > 0 ? ` (${skippedPacks} by the check that was cut off)` : ''),
      )
      const isSetAside = repair && repair.packs.length > 0
      const hints = isSetAside
        ? ['the damaged packs are in .floe/damaged; delete them when you no longer need them']
        : []
      return { data: result, lines, hints: report.full ? hints : [...hints, '`floe fsck --full` reads every byte'] }
    }),
})

/** A remote is looked for only where it may be needed, and a workspace without one is repaired without. */
async function withRemote<T>(
  context: Context,
  workspace: Workspace,
  options: Flags,
  work: (remote?: RemoteOptions) => Promise<T>,
): Promise<T> {
  const network = options.repair ? await networkOfRemote(workspace, options.remote) : undefined
  return network === undefined ? work() : withNetwork(context, network, options, work)
}

async function openReader(
  workspace: Workspace,
  name: string | undefined,
  options: RemoteOptions,
  closers: AsyncDisposable[],
) {
  const { readRemote } = await import('../../repo/remote.ts')
  const { openRemoteSource } = await import('../../repo/remote-source.ts')
  const remote = readRemote(workspace, name)
  const source = await openRemoteSource(remote.network, remote.repository, { ...options, useCache: false })
  closers.push(source)
  return (await source.objects(source.refs.map((ref) => source.recordOf(ref)))).read
}
