import { UsageError } from '../../base/errors.ts'
import { workspacePath } from '../../repo/paths.ts'
import { defaultRemote } from '../../repo/reading-remote.ts'
import { type TakedownResult, takedown as takeDown } from '../../repo/takedown.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { removalLines } from '../removal-lines.ts'
import { formatCount } from '../text.ts'
import { floeCommand, shortId } from '../undo.ts'
import { inWorkspace } from '../workspace.ts'

interface Options extends NetworkFlags {
  reason?: string
  evidence?: string
  consentWithdrawn?: boolean
  despiteOthers?: boolean
  dryRun?: boolean
  remote?: string
}

export const takedown = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('<revision>', 'version that holds the contents')
      .argument('<paths...>', 'files and folders of it; `.` is everything')
      .option('--reason <text>', 'why, for everyone to read')
      .option('--evidence <file>', 'a file that shows it; its SHA-256 goes on record, the file stays here')
      .option('--consent-withdrawn', 'record the version as consent-withdrawn instead of takedown')
      .option('--despite-others', 'also if branches and tags lose other files that share packs with these')
      .option('-n, --dry-run', 'only say which packs would go, when, and what is lost with them')
      .option('--remote <name>', 'remote that holds them')
      .addHelpText(
        'after',
        `
Removes contents from the network in spite of what pushes and tags have promised. Needs the revoker role. The status of the
version stays on record with the reason; the packs with the contents can be deleted after the grace period of the repository,
by \`floe gc --remote\`. Names, sizes and ids of the files stay readable. Permanent packs cannot be removed by anyone, and
copies that others have made stay with them.`,
      ),
  run: (context, [revision = '', ...paths], options) =>
    inWorkspace(context, async (workspace) => {
      const { reason, evidence, remote = defaultRemote(workspace), despiteOthers, dryRun } = options
      if (reason === undefined)
        throw new UsageError('STATUS_REASON', 'a takedown needs a --reason for everyone to read')
      const network = await networkOfRemote(workspace, remote)
      const result = await withNetwork(context, network, options, (remoteOptions) =>
        takeDown(workspace.root, {
          ...remoteOptions,
          revision,
          paths: paths.map((path) => workspacePath(workspace, context.cwd, path)),
          reason,
          evidence,
          remote,
          despiteOthers,
          dryRun,
          status: options.consentWithdrawn ? 'consent-withdrawn' : 'takedown',
        }),
      )
      const numbers = result.packs.map(({ number }) => number).join(',')
      return {
        data: result,
        lines: lines(result),
        hints:
          result.$kind === 'proposed'
            ? ['`floe gc --remote` deletes the packs when they are due; until then everyone can read them']
            : [],
        undo:
          result.$kind === 'proposed'
            ? [
                floeCommand('gc', '--remote', remote, '--cancel', numbers),
                floeCommand('mark', shortId(result.commit), '--status', 'active', '--reason', 'taken back'),
              ]
            : [],
      }
    }),
})

function lines(result: TakedownResult): string[] {
  const would = result.$kind === 'dry-run'
  return [
    `${formatCount(result.files, 'file')} of ${shortId(result.commit)}`,
    ...(result.$kind === 'nothing' ? ['nothing that could be removed holds them'] : []),
    ...removalLines(would ? 'would be taken down' : 'taken down', result.packs),
    ...result.kept.map(({ number }) => `pack ${number}  stays: it is permanent, nobody can remove it`),
    ...result.refs.flatMap(({ ref, files, others, otherCount, older }) => [
      `${ref}  loses ${formatCount(files, 'file')} with these contents` +
        (otherCount > 0 ? `, and ${formatCount(otherCount, 'other file')} in the same packs:` : ''),
      ...others.map((path) => `  ${path}`),
      ...(older.otherCount > 0
        ? [`${ref}  earlier versions lose ${formatCount(older.otherCount, 'other file')}:`]
        : []),
      ...older.others.map((path) => `  ${path}`),
    ]),
  ]
}
