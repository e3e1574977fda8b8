import { workspacePath } from '../../repo/paths.ts'
import { type PurgeResult, purge as purgePaths } from '../../repo/purge.ts'
import type { PurgeRemoteResult } from '../../repo/purge-remote.ts'
import { positiveInteger } from '../arguments.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { removalLines } from '../removal-lines.ts'
import { formatBytes, formatCount } from '../text.ts'
import { floeCommand, shortId } from '../undo.ts'
import { inWorkspace } from '../workspace.ts'

interface Options extends NetworkFlags {
  remote?: string
  localOnly?: boolean
  epochs?: string
  dryRun?: boolean
  maxWal?: string
  yes?: boolean
}

export const purge = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('<paths...>', 'files and folders that are to go from all versions')
      .option('-y, --yes', 'do it (without: only say what would happen)')
      .option('-n, --dry-run', 'only say what would happen')
      .option('--remote <name>', 'remote that follows (default: the one the branch follows, else origin)')
      .option('--local-only', 'leave every remote as it is')
      .option('--epochs <count>', 'buy storage for what is packed anew for this many epochs')
      .option('--max-wal <amount>', 'refuse to spend more WAL than this; the transactions enforce it')
      .addHelpText(
        'after',
        `
Every branch, tag and stash here that holds the paths is made again without them, with new ids, and what was imported too; logs
follow, files that are as committed are deleted, and local packs and the cache are rewritten. The branches of the remote are moved by force, what shares
packs with the contents is packed anew, and removal of the old packs is proposed: \`floe gc --remote\` deletes them when they
are due. Until then everyone can read them. Tags of a remote never move: \`floe takedown TAG PATH\` removes contents despite
them. Other clones keep what they have, and so does whoever has copied it. What is purged here cannot be brought back.`,
      ),
  run: (context, paths, options) =>
    inWorkspace(context, async (workspace) => {
      const { remote, localOnly, maxWal, yes } = options
      const network = localOnly ? undefined : await networkOfRemote(workspace, remote)
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      const dryRun = options.dryRun || !yes
      const result = await withProgress(context, 'purge', (onProgress) =>
        withNetwork(
          context,
          network,
          options,
          (remoteOptions) =>
            purgePaths(workspace.root, {
              ...remoteOptions,
              paths: chosen,
              remote,
              localOnly,
              dryRun,
              epochs: options.epochs === undefined ? undefined : positiveInteger(options.epochs, '--epochs'),
              maxWal,
              yes,
            }),
          onProgress,
        ),
      )
      const others = Object.keys(workspace.readConfig().remotes ?? {}).filter((name) => name !== result.remote?.remote)
      return {
        data: result,
        lines: lines(result),
        hints: hints(result, paths, others),
        undo: undo(result),
        notUndone: notUndone(result),
      }
    }),
})

function lines(result: PurgeResult): string[] {
  const would = result.$kind === 'dry-run'
  const { contents, packs, refs, deleted, left } = result
  return [
    `${formatCount(result.commits, 'version')} ${would ? 'would be' : ''}${would ? ' ' : ''}made again without ${result.paths.join(', ')}`.replace(
      '  ',
      ' ',
    ),
    ...refs.map(({ ref, from, to }) => `  ${ref}  ${shortId(from)} → ${shortId(to)}`),
    `${formatCount(contents.objects, 'object')} of ${formatBytes(contents.bytes)} ${would ? 'would go' : 'are gone'} here: ${formatCount(packs.rewritten, 'local pack')} ${would ? 'would be rewritten' : 'rewritten'}` +
      (would ? '' : `, ${formatBytes(Math.max(0, packs.freed))} freed, ${formatBytes(result.cacheFreed)} of the cache`),
    ...(contents.stays > 0
      ? [`${formatCount(contents.stays, 'object')} stay: other paths have the same contents`]
      : []),
    ...(result.unseen > 0
      ? [
          `${formatCount(result.unseen, 'part')} of versions are not here and were not looked into: contents that only they lead to stay, if they are here`,
        ]
      : []),
    ...(deleted.length > 0
      ? [`${formatCount(deleted.length, 'file')} ${would ? 'would be deleted' : 'deleted'} from disk`]
      : []),
    ...left.map((path) => `stays on disk: ${path} is in no version as it is now`),
    ...(result.damagedPacks > 0
      ? [`${formatCount(result.damagedPacks, 'pack')} in .floe/damaged may hold them: delete them by hand`]
      : []),
    ...(result.remote ? remoteLines(result.remote, would) : []),
  ]
}

const SKIPPED = {
  tag: 'a tag never moves',
  'not-here': 'no branch of that name is here',
  moved: 'it has versions that are not here',
}

function remoteLines({ remote, pushed, skipped, packs, brought, inUse }: PurgeRemoteResult, would: boolean): string[] {
  return [
    ...pushed.map(({ ref, from, to }) =>
      from === to
        ? `${remote} ${ref}  packed anew, at ${shortId(to)} as before`
        : `${remote} ${ref}  ${shortId(from)} → ${shortId(to)}${would ? ', by force' : ''}`,
    ),
    ...removalLines(would ? 'removal would be proposed' : 'removal proposed', packs),
    ...(brought.objects > 0
      ? [
          `${formatCount(brought.objects, 'object')} of ${formatBytes(brought.bytes)} brought here: nothing but this workspace needs what else was in these packs`,
        ]
      : []),
    ...skipped.map(({ ref, reason }) => `${remote} ${ref}  holds them still: ${SKIPPED[reason]}`),
    ...inUse.map(
      ({ number, bytes }) => `pack ${number}  ${formatBytes(bytes)}  stays readable: something needs it still`,
    ),
  ]
}

function hints(result: PurgeResult, paths: readonly string[], otherRemotes: readonly string[]): string[] {
  const { remote } = result
  if (result.$kind === 'dry-run') return [`nothing was changed: \`${floeCommand('purge', ...paths, '--yes')}\` does it`]
  const broken = remote?.pushed.filter(({ nowhere }) => nowhere > 0) ?? []
  const due = remote?.packs
    .map(({ removableAt }) => removableAt)
    .sort()
    .at(-1)
  const tags = remote?.skipped.filter(({ reason }) => reason === 'tag') ?? []
  const branches = remote?.skipped.filter(({ reason }) => reason !== 'tag') ?? []
  return [
    ...(due
      ? [
          `everyone can read the contents until \`floe gc --remote\` is run after ${due.slice(0, 16).replace('T', ' ')} UTC`,
        ]
      : []),
    ...(tags.length > 0
      ? [
          `\`${floeCommand('takedown', tags[0]!.ref.replace(/^tags\//, ''), ...paths, '--reason', 'TEXT')}\` removes them despite the tag`,
        ]
      : []),
    ...broken.map(
      ({ ref, nowhere }) =>
        `${ref} cannot be read there: ${formatCount(nowhere, 'object')} that it needs ${nowhere === 1 ? 'has' : 'have'} expired and ${nowhere === 1 ? 'is' : 'are'} not here; \`floe fetch\` and \`floe revive\` in a workspace that has the files bring it back`,
    ),
    ...(branches.length > 0 ? ['fetch and merge these branches, then purge again'] : []),
    ...copiedFrom(result).map(
      (name) => `what ${name} was imported or fetched from is left as it is: to do that again brings the contents back`,
    ),
    '`floe gc --grace 0` takes away what was added here and never committed',
    ...otherRemotes.map(
      (name) => `${name} keeps what it has: \`${floeCommand('purge', ...paths, '--remote', name, '--yes')}\``,
    ),
    'other clones of the repository, and copies that others made, keep what they have',
  ]
}

/** Branches that moved and are no remote's: an import's, a bundle's or a folder's. */
function copiedFrom({ refs }: PurgeResult): string[] {
  return [...new Set(refs.flatMap(({ ref }) => /^remotes\/([^/]+)\//.exec(ref)?.[1] ?? []))]
}

function undo({ $kind, remote }: PurgeResult): string[] {
  if ($kind === 'dry-run' || !remote || remote.packs.length === 0 || remote.lastLog < 0) return []
  const address = `${remote.network}:${remote.repository}`
  return [floeCommand('clone', address, 'old-history', '--at-log', String(remote.lastLog))]
}

function notUndone({ $kind, commits }: PurgeResult): string[] {
  if ($kind === 'dry-run' || commits === 0) return []
  return ['what is purged here cannot be brought back here']
}
