import { type ReviveResult, revive as reviveRefs } from '../../repo/revive.ts'
import { positiveInteger } from '../arguments.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { formatCount, formatToken } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

interface Options extends NetworkFlags {
  ref?: string
  epochs?: string
  dryRun?: boolean
  maxWal?: string
  yes?: boolean
}

export const revive = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[remote]', 'remote whose data has expired')
      .option('--ref <branch>', 'only this branch (default: every one that needs something expired)')
      .option('--epochs <count>', 'buy storage for this many epochs')
      .option('-n, --dry-run', 'only print what it would send and cost')
      .option('--max-wal <amount>', 'refuse to spend more WAL than this; the transactions enforce it')
      .option('-y, --yes', 'do not ask')
      .addHelpText(
        'after',
        `
Expired storage cannot be extended, so what this workspace has is packed and uploaded again, and each branch moves from its
commit to the same commit over the new packs. Needs the writer role. A tag is read through the branches that contain it.

Exit status 3: some ref could not be brought back from this workspace.`,
      ),
  run: (context, [remote], options) =>
    inWorkspace(context, async (workspace) => {
      const network = await networkOfRemote(workspace, remote)
      const result = await withProgress(context, 'revive', (onProgress) =>
        withNetwork(
          context,
          network,
          options,
          (remoteOptions) =>
            reviveRefs(workspace.root, {
              ...remoteOptions,
              remote,
              ref: options.ref,
              epochs: options.epochs === undefined ? undefined : positiveInteger(options.epochs, '--epochs'),
              dryRun: options.dryRun,
              maxWal: options.maxWal,
              yes: options.yes,
            }),
          onProgress,
        ),
      )
      for (const { ref, reason } of result.skipped) context.output.warn(`${ref} was left as it is: ${reason}`)
      return {
        data: result,
        lines: lines(result),
        hints: hints(result),
        exitCode: result.skipped.length > 0 ? 3 : 0,
      }
    }),
})

function lines(result: ReviveResult): string[] {
  if (result.$kind === 'up-to-date') return ['nothing that a ref needs has expired']
  const would = result.$kind === 'dry-run' ? 'would be brought back' : 'is back'
  return [
    ...result.refs.map(
      ({ ref, commit, packs, walFrost }) =>
        `${ref}  ${commit.slice(0, 12)} ${would}, in ${formatCount(packs, 'pack')} for ${formatToken(walFrost, 'WAL')}`,
    ),
    ...result.tags.map(({ ref, through }) => `${ref}  ${would} through ${through}`),
  ]
}

function hints({ $kind, refs, expired }: ReviveResult): string[] {
  if ($kind === 'up-to-date' && expired > 0)
    return [
      `${formatCount(expired, 'pack')} of the repository ${expired === 1 ? 'has' : 'have'} expired; what is lacking of older versions is not here either: run it in a workspace that has them`,
    ]
  const lost = new Set(refs.flatMap((ref) => ref.lost))
  if (lost.size === 0) return []
  return [
    `the files of ${formatCount(lost.size, 'older version')} are neither here nor on the network: only a workspace that has them can revive them`,
  ]
}
