import { UsageError } from '../../base/errors.ts'
import { gc as collectGarbage } from '../../repo/gc.ts'
import { gcRemote, type RemoteGcResult } from '../../repo/gc-remote.ts'
import { defaultRemote } from '../../repo/reading-remote.ts'
import { duration } from '../arguments.ts'
import { command, type Result } from '../command.ts'
import type { Context } from '../context.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../network.ts'
import { networkOfPlace } from '../place.ts'
import { removalLines, unreadHint } from '../removal-lines.ts'
import { formatBytes, formatCount } from '../text.ts'
import { floeCommand } from '../undo.ts'
import { inWorkspace } from '../workspace.ts'

interface Options extends NetworkFlags {
  dryRun?: boolean
  grace?: string
  reflog?: string
  remote?: string | true
  cancel?: string
}

export const gc = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .option('-n, --dry-run', 'only say what would go, and its size')
      .option('--grace <time>', 'keep all that was written within this time (default 14d)')
      .option('--reflog <time>', 'keep versions that only a log of a branch remembers for this long (default 90d)')
      .option(
        '--remote [name]',
        'give back packs of the network instead (default: the one the branch follows, else origin; or NETWORK:OBJECT_ID)',
      )
      .option('--cancel <packs>', 'with --remote: take proposals back, of these numbers (3,7) or `all`')
      .addHelpText(
        'after',
        `
What a branch, tag, stash, log or staging refers to always stays. It cannot be undone.

With --remote, the repository's branches and tags are walked. Removal is proposed of every pack that none of them needs; the
next run after the grace period, and after what pushes have promised, deletes it. Until then \`--cancel\` takes it back. What
comes back is storage for the rest of its epochs, as an object of your key, not WAL. Needs the writer role for packs of your own,
the revoker role for those of others. Earlier states of a branch (clone --at-log) can be lost with it. What branches, tags, stashes
and logs of this workspace need and do not have here keeps its pack; other clones are not asked.`,
      ),
  run: (context, _args, options) => (options.remote === undefined ? local(context, options) : remote(context, options)),
})

function local(context: Context, options: Options): Promise<Result> {
  if (options.cancel !== undefined) throw new UsageError('GC_CANCEL_LOCAL', '--cancel belongs to --remote')
  return inWorkspace(context, async (workspace) => {
    const result = await collectGarbage(workspace, {
      dryRun: options.dryRun,
      graceMs: options.grace === undefined ? undefined : duration(options.grace, '--grace'),
      reflogMs: options.reflog === undefined ? undefined : duration(options.reflog, '--reflog'),
      signal: context.signal,
    })
    const { packs, bytes, unreachable, kept } = result
    return {
      data: result,
      lines: [
        `${formatCount(result.reachable, 'object')} in use, ${formatCount(unreachable, 'object')} not` +
          (kept > 0 ? ` (${kept} too young to go, or not worth it yet)` : ''),
        `${options.dryRun ? 'Would free about' : 'Freed'} ${formatBytes(Math.max(0, bytes.freed))}: ` +
          `${formatCount(packs.before, 'pack')} of ${formatBytes(bytes.before)} → ${packs.after} of ${formatBytes(bytes.after)}`,
        ...(result.inPlace.files > 0
          ? [
              `${formatCount(result.inPlace.files, 'list')} of what files hold in place ${options.dryRun ? 'would go' : 'went'}, and ${formatBytes(result.inPlace.bytes)} of copies`,
            ]
          : []),
      ],
      notUndone:
        options.dryRun || unreachable === kept
          ? []
          : ['what went cannot be brought back; all that a branch, tag, stash, log or staging refers to was kept'],
      hints: kept > 0 && options.grace === undefined ? ['`--grace 0` counts what is young as well'] : [],
    }
  })
}

async function remote(context: Context, options: Options): Promise<Result> {
  if (options.grace !== undefined || options.reflog !== undefined)
    throw new UsageError(
      'GC_REMOTE_GRACE',
      'the grace period of a remote is its own: --grace and --reflog are for here',
    )
  const name =
    options.remote === true
      ? await inWorkspace(context, async (workspace) => defaultRemote(workspace))
      : options.remote!
  const result = await withNetwork(context, await networkOfPlace(context, name), options, (remoteOptions) =>
    gcRemote(context.cwd, {
      ...remoteOptions,
      remote: name,
      dryRun: options.dryRun,
      cancel: packNumbers(options.cancel),
    }),
  )
  const numbers = result.proposed.map(({ number }) => number)
  return {
    data: result,
    lines: lines(result),
    hints: hints(result),
    undo:
      result.$kind === 'changed' && numbers.length > 0
        ? [floeCommand('gc', '--remote', name, '--cancel', numbers.join(','))]
        : [],
  }
}

function packNumbers(text: string | undefined): number[] | 'all' | undefined {
  if (text === undefined || text === 'all') return text
  const numbers = text.split(',').map(Number)
  if (numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) return numbers
  throw new UsageError(
    'NUMBER_MALFORMED',
    `--cancel expected pack numbers such as 3,7 or \`all\`, got "${text.slice(0, 200)}"`,
  )
}

function lines(result: RemoteGcResult): string[] {
  const { packs, cancelled, kept } = result
  const would = result.$kind === 'dry-run'
  const reasons = {
    permanent: 'permanent: nobody can remove it',
    'not-yours': 'its pusher or a revoker can remove it',
    unfinished: 'part of a push under way: `floe push --abort` gives it up',
    unsure: 'refs need something in it that no locator names elsewhere',
    unread: 'older versions that cannot be read may need something in it',
    'needed-here': 'versions of this workspace need something in it that is not here',
  }
  return [
    ...(packs.needed > 0
      ? [
          `${formatCount(packs.stored, 'pack')} of ${formatBytes(packs.bytes)} stored; branches and tags need ${packs.needed} of ${formatBytes(packs.neededBytes)}`,
        ]
      : []),
    ...removalLines(would ? 'would be proposed' : 'removal proposed', result.proposed),
    ...removalLines('waiting', result.waiting),
    ...removalLines(would ? 'would be deleted' : 'deleted', result.taken),
    ...(cancelled.length > 0
      ? [
          `pack ${cancelled.join(', ')}: the proposal ${would ? 'would be' : 'is'} taken back, ${cancelled.length === 1 ? 'it is' : 'they are'} in use`,
        ]
      : []),
    ...kept.map(({ number, bytes, reason }) => `pack ${number}  ${formatBytes(bytes)}  stays: ${reasons[reason]}`),
    ...(result.proposed.length + result.waiting.length + result.taken.length + cancelled.length + kept.length === 0
      ? ['nothing can go: every pack that is stored is needed']
      : []),
  ]
}

function hints(result: RemoteGcResult): string[] {
  const isNeededHere = result.kept.some(({ reason }) => reason === 'needed-here')
  const local = isNeededHere
    ? [
        '`floe push BRANCH` keeps what is needed here; without the branch, tag, stash or log entry (90 days) the pack can go',
      ]
    : []
  if (result.unread > 0) local.push(unreadHint(result.unread))
  if (result.$kind === 'dry-run') return local
  const later = [...result.proposed, ...result.waiting].map(({ removableAt }) => removableAt).sort()
  return [
    ...local,
    ...(later.length > 0
      ? [`run it again from ${later[0]!.slice(0, 16).replace('T', ' ')} UTC on to delete what is due`]
      : []),
    ...(result.taken.length > 0
      ? ['what was deleted cannot be brought back by Floe; copies that others have made stay with them']
      : []),
  ]
}
