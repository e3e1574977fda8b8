import { resolve } from 'node:path'
import { UsageError } from '../../base/errors.ts'
import { UnbornError } from '../../history/errors.ts'
import { type CommitProvenance, provenanceOfCommit } from '../../repo/commit-statement.ts'
import { type CommitRecord, logOf } from '../../repo/log.ts'
import { type RememberedMark, rememberedMarks } from '../../repo/marks-memory.ts'
import { workspacePath } from '../../repo/paths.ts'
import { splitRevisionsAndPaths } from '../../repo/revisions-and-paths.ts'
import { changesOf, type ShowResult } from '../../repo/show.ts'
import type { Workspace } from '../../store/workspace.ts'
import { pointInTime, positiveInteger } from '../arguments.ts'
import { changedLines } from '../changed-lines.ts'
import type { Result } from '../command.ts'
import { command } from '../command.ts'
import { drawGraph, topologicalOrder } from '../commit-graph.ts'
import { commitLines } from '../commit-lines.ts'
import type { Context } from '../context.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import { markLine } from '../mark-lines.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { formatCount } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

interface Options extends NetworkFlags {
  limit?: string
  oneline?: boolean
  stat?: boolean
  nameStatus?: boolean
  nameOnly?: boolean
  all?: boolean
  path?: string
  graph?: boolean
  follow?: boolean
  since?: string
  until?: string
  author?: string
  grep?: string
  provenance?: boolean
  parquet?: string
}

export const log = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[revision]', 'where to start (default HEAD), also several; a range: v1..v2, v1...v2; without: ^v1')
      .argument('[path...]', 'only versions that changed one of these; after -- also what is no longer here')
      .option('--all', 'start at every branch, tag and branch of a remote')
      .option('-n, --limit <count>', 'at most this many versions; also as -3')
      .option('--oneline', 'one line per version')
      .option('--path <path>', 'only versions that changed this file or folder')
      .option('--follow', 'with one path: go on under the names the file had before')
      .option('--stat', 'show what each version changed, with sizes; of a merge nothing')
      .option('--name-status', 'show what each version changed, one line per path')
      .option('--name-only', 'show the paths that each version changed')
      .option('--decorate', 'name branches and tags beside their versions; always so')
      .option('--graph', 'draw how versions follow from each other')
      .option('--since <time>', 'only versions since a date, or "2 weeks ago"')
      .option('--until <time>', 'only versions before it')
      .option('--author <text>', 'only versions by authors whose name or address contains this')
      .option('--grep <text>', 'only versions whose message contains this')
      .option('--provenance', 'show the code and the statement each version records')
      .option('--parquet <file>', 'write the push log of the remote as a Parquet table'),
  async run(context, typed, options) {
    const { cwd, afterDashes: known } = context
    // As git takes it: `log -3`.
    const isCount = (word: string, at: number) => /^-\d+$/.test(word) && at < typed.length - (known ?? 0)
    const args = typed.filter((word, at) => !isCount(word, at))
    const count = options.limit ?? typed.findLast(isCount)?.slice(1)
    const { revisions, paths } = await inWorkspace(context, async (workspace) => {
      const { revisions, paths } = await splitRevisionsAndPaths(workspace, { verb: 'log', cwd, args, known })
      const path = options.path === undefined ? [] : [workspacePath(workspace, cwd, options.path)]
      return { revisions, paths: [...paths, ...path] }
    })
    if (options.follow && paths.length !== 1)
      throw new UsageError('FOLLOW_PATH', `--follow needs one path, and got ${paths.length}`)
    // What a version changed is in trees that may not be here; of commits, what is here is shown.
    const showsChanges = options.stat || options.nameStatus || options.nameOnly
    const open = paths.length === 0 && !showsChanges ? inWorkspace : inLazyWorkspace
    return open(context, async (workspace) => {
      if (options.parquet !== undefined) return exportLog(context, workspace, options.parquet, options)
      const limit = count === undefined ? undefined : positiveInteger(count, '--limit')
      // Nothing was asked for by name, and still silence would not be an answer.
      if (revisions.length === 0 && !options.all && workspace.refs.headCommit() === null)
        throw new UnbornError('HEAD', workspace.refs.readHead())
      const now = Date.now()
      const found = await logOf(workspace, {
        revisions,
        all: options.all,
        limit,
        paths,
        follow: options.follow,
        author: options.author,
        grep: options.grep,
        sinceMs: options.since === undefined ? undefined : pointInTime(options.since, '--since', now),
        untilMs: options.until === undefined ? undefined : pointInTime(options.until, '--until', now),
        signal: context.signal,
      })
      const commits = options.graph ? topologicalOrder(found) : found
      const provenance = new Map<string, CommitProvenance>()
      if (options.provenance)
        for (const commit of commits) provenance.set(commit.commit, await provenanceOfCommit(workspace, commit))
      const marks = options.provenance ? rememberedMarks(workspace) : new Map<string, RememberedMark>()
      const changes = new Map<string, ShowResult['changes']>()
      if (showsChanges)
        for (const commit of commits)
          if (commit.parents.length < 2)
            changes.set(commit.commit, await changesOf(workspace, commit, { paths, signal: context.signal }))
      const linesOf = (commit: CommitRecord) => {
        const mark = marks.get(commit.commit)
        const said = mark ? [markLine(mark)] : []
        const known = changes.get(commit.commit)
        const changed = known === undefined ? [] : [...changedLines(known, options), ...(options.oneline ? [] : [''])]
        if (!options.oneline)
          return [...commitLines(commit, [...provenanceLines(provenance.get(commit.commit)), ...said]), ...changed]
        const refs = commit.refs.length > 0 ? ` (${commit.refs.join(', ')})` : ''
        return [`${commit.commit.slice(0, 12)}${refs} ${commit.message.split('\n')[0]}`, ...changed]
      }
      const lines = options.graph ? drawGraph(commits, linesOf) : commits.flatMap(linesOf)
      return {
        data: {
          commits: commits.map((commit) => ({
            ...commit,
            changes: changes.get(commit.commit),
            provenance: provenance.get(commit.commit),
            mark: marks.get(commit.commit),
          })),
        },
        lines,
        hints: found.length === 0 && paths.length > 0 ? [`no version here changed ${paths.join(' or ')}`] : [],
      }
    })
  },
})

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
