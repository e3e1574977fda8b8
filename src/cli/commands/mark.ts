import { UsageError } from '../../base/errors.ts'
import { type Marks, markCommit, marksOf } from '../../repo/marks.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { formatTime } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

interface Options extends NetworkFlags {
  status?: string
  reason?: string
  evidence?: string
  successor?: string
  remote: string
}

export const mark = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[revision]', 'version (default HEAD)', 'HEAD')
      .option('--status <status>', 'superseded, licence-changed, consent-withdrawn, takedown, or active again')
      .option('--reason <text>', 'why, for everyone to read')
      .option('--evidence <file>', 'a file that shows it; its SHA-256 goes on record, the file stays here')
      .option('--successor <revision>', 'the version to use instead of a superseded one')
      .option('--remote <name>', 'remote that keeps the record')
      .addHelpText(
        'after',
        `
Without --status: what the repository says about the version, and what it was made from. A status needs the revoker role
(floe access grant ADDRESS --role revoker); every change stays on record. pull and clone warn of a version that is not active
and refuse one that was taken down, unless told --allow-takedown. Bytes are not deleted by it.`,
      ),
  run: (context, [revision = 'HEAD'], options) =>
    inWorkspace(context, async (workspace) => {
      const { status, reason, evidence, successor, remote } = options
      const network = await networkOfRemote(workspace, remote)
      if (status === undefined) {
        if (reason !== undefined || evidence !== undefined || successor !== undefined)
          throw new UsageError('STATUS_MISSING', '--reason, --evidence and --successor belong to a --status')
        const found = await withNetwork(context, network, options, (remoteOptions) =>
          marksOf(workspace.root, { ...remoteOptions, revision, remote }),
        )
        return { data: found, lines: marksLines(found) }
      }
      if (reason === undefined) throw new UsageError('STATUS_REASON', 'a status needs a --reason for everyone to read')
      const done = await withNetwork(context, network, options, (remoteOptions) =>
        markCommit(workspace.root, { ...remoteOptions, revision, remote, status, reason, evidence, successor }),
      )
      return {
        data: done,
        lines: [`${done.commit.slice(0, 12)} is ${done.status} now`],
        hints:
          done.status === 'active'
            ? []
            : [`take it back with \`floe mark ${done.commit.slice(0, 12)} --status active\``],
      }
    }),
})

function marksLines({ commit, status, history, derivedFrom }: Marks): string[] {
  return [
    `${commit}  ${status}`,
    ...history.flatMap((record) => [
      `  ${formatTime(record.timeMs)}  ${record.status}  by ${record.by}`,
      `    ${record.reason}`,
      ...(record.evidence ? [`    evidence: SHA-256 ${record.evidence}`] : []),
      ...(record.successor ? [`    use instead: ${record.successor}`] : []),
    ]),
    ...derivedFrom.map(
      (edge) =>
        `  ${edge.relation} ${edge.input.commit.slice(0, 12)} of ${edge.input.repository}  ${edge.evidence === 'pushed' ? `brought by push ${edge.inputPush}` : 'claimed'}, says ${edge.attester}`,
    ),
  ]
}
