import { resolve } from 'node:path'
import { UsageError } from '../../base/errors.ts'
import { type CommitProvenance, provenanceOfCommit } from '../../repo/commit-statement.ts'
import { logOf } from '../../repo/log.ts'
import { workspacePath } from '../../repo/paths.ts'
import type { Workspace } from '../../store/workspace.ts'
import type { Result } from '../command.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { formatCount, formatTime } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

interface Options extends NetworkFlags {
  limit?: string
  oneline?: boolean
  path?: string
  provenance?: boolean
  parquet?: string
}

export const log = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[revision]', 'where to start (default HEAD)')
      .option('-n, --limit <count>', 'at most this many versions')
      .option('--oneline', 'one line per version')
      .option('--path <path>', 'only versions that changed this file or folder')
      .option('--provenance', 'show the code and the statement each version records')
      .option('--parquet <file>', 'write the push log of the remote as a Parquet table'),
  async run(context, [revision], options) {
    return inWorkspace(context, async (workspace) => {
      if (options.parquet !== undefined) return exportLog(context, workspace, options.parquet, options)
      const limit = options.limit === undefined ? undefined : positiveInteger(options.limit, '--limit')
      const path = options.path === undefined ? undefined : workspacePath(workspace, context.cwd, options.path)
      const commits = await logOf(workspace, { revision, limit, path })
      const provenance = new Map<string, CommitProvenance>()
      if (options.provenance)
        for (const commit of commits) provenance.set(commit.commit, await provenanceOfCommit(workspace, commit))
      const lines = commits.flatMap((commit) => {
        const refs = commit.refs.length > 0 ? ` (${commit.refs.join(', ')})` : ''
        if (options.oneline) return [`${commit.commit.slice(0, 12)}${refs} ${commit.message.split('\n')[0]}`]
        return [
          `commit ${commit.commit}${refs}`,
          `Author: ${commit.author.name}${commit.author.email ? ` <${commit.author.email}>` : ''}`,
          `Date:   ${formatTime(commit.timeMs)}`,
          ...provenanceLines(provenance.get(commit.commit)),
          '',
          ...commit.message.split('\n').map((line) => `    ${line}`),
          '',
        ]
      })
      return {
        data: { commits: commits.map((commit) => ({ ...commit, provenance: provenance.get(commit.commit) })) },
        lines,
      }
    })
  },
})

function positiveInteger(text: string, option: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError('NUMBER_MALFORMED', `${option} expected a positive number, got "${text}"`)
  return value
}

function provenanceLines(provenance: CommitProvenance | undefined): string[] {
  if (!provenance) return []
  const { code, statement } = provenance
  return [
    code
      ? `Code:   ${code.revision.slice(0, 12)}${code.branch ? ` on ${code.branch}` : ''}${code.dirty ? ', with uncommitted changes' : ''}${code.remote ? `, ${code.remote}` : ''}`
      : 'Code:   not recorded',
    `Statement: ${statement ?? 'none'}`,
  ]
}

/** The push log is on chain: it says who moved which ref when, which the commits alone cannot. */
async function exportLog(context: Context, workspace: Workspace, file: string, options: NetworkFlags): Promise<Result> {
  const { pushLogOf } = await import('../../repo/push-log.ts')
  const { exportPushLog } = await import('../../repo/export-push-log.ts')
  const network = await networkOfRemote(workspace)
  return withNetwork(context, network, options, async (remoteOptions) => {
    const log = await pushLogOf(workspace.root, remoteOptions)
    const written = await exportPushLog(log.pushes, resolve(context.cwd, file), log)
    return { data: written, lines: [`Wrote ${formatCount(written.rows, 'push', 'pushes')} to ${file}`] }
  })
}
