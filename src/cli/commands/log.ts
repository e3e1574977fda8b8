import { UsageError } from '../../base/errors.ts'
import { logOf } from '../../repo/log.ts'
import { workspacePath } from '../../repo/paths.ts'
import { command } from '../command.ts'
import { formatTime } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

interface Options {
  limit?: string
  oneline?: boolean
  path?: string
  provenance?: boolean
  parquet?: string
}

export const log = command<Options>({
  define: (command) =>
    command
      .argument('[revision]', 'where to start (default HEAD)')
      .option('-n, --limit <count>', 'at most this many versions')
      .option('--oneline', 'one line per version')
      .option('--path <path>', 'only versions that changed this file or folder')
      .option('--provenance', 'show the code and the statement each version records')
      .option('--parquet <file>', 'write the push log of the remote as a Parquet table'),
  async run(context, [revision], options) {
    return inWorkspace(context, async (workspace) => {
      if (options.parquet) return (await import('../push-log.ts')).exportPushLog(context, workspace, options.parquet)
      const limit = options.limit === undefined ? undefined : positiveInteger(options.limit, '--limit')
      const path = options.path === undefined ? undefined : workspacePath(workspace, context.cwd, options.path)
      const commits = await logOf(workspace, { revision, limit, path })
      const provenance = options.provenance
        ? await (await import('../lineage.ts')).provenanceOf(workspace, commits)
        : undefined
      const lines = commits.flatMap((commit) => {
        const refs = commit.refs.length > 0 ? ` (${commit.refs.join(', ')})` : ''
        if (options.oneline) return [`${commit.commit.slice(0, 12)}${refs} ${commit.message.split('\n')[0]}`]
        return [
          `commit ${commit.commit}${refs}`,
          `Author: ${commit.author.name}${commit.author.email ? ` <${commit.author.email}>` : ''}`,
          `Date:   ${formatTime(commit.timeMs)}`,
          ...(provenance?.lines(commit.commit) ?? []),
          '',
          ...commit.message.split('\n').map((line) => `    ${line}`),
          '',
        ]
      })
      return { data: { commits: commits.map((commit) => ({ ...commit, ...provenance?.data(commit.commit) })) }, lines }
    })
  },
})

function positiveInteger(text: string, option: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError('NUMBER_MALFORMED', `${option} expected a positive number, got "${text}"`)
  return value
}
