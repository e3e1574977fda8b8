import { resolve } from 'node:path'
import { UsageError } from '../../base/errors.ts'
import { hasChanges } from '../../repo/before.ts'
import { type ForgottenImport, forgetImport, importSource } from '../../repo/import.ts'
import type { ImportResult } from '../../repo/import-result.ts'
import type { Workspace } from '../../store/workspace.ts'
import { authorFrom } from '../author.ts'
import { command, type Result } from '../command.ts'
import type { Context } from '../context.ts'
import { withProgress } from '../progress.ts'
import { formatBytes, formatCount } from '../text.ts'
import { floeCommand, shortId } from '../undo.ts'
import { undoOfRefs } from '../undo-refs.ts'
import { inWorkspace } from '../workspace.ts'

interface Options {
  name?: string
  message?: string
  dvcCache?: string
  skipMissing?: boolean
  checkout: boolean
  dryRun?: boolean
  forget?: string
  all?: boolean
}

export const importCommand = command<Options>({
  define: (command) =>
    command
      .argument('[source]', 'a folder, or a git, Git LFS or DVC repository on this machine')
      .option('--name <name>', "its branches are NAME/BRANCH here (default: the source's own name)")
      .option('-m, --message <text>', 'what the version is that a folder becomes')
      .option('--dvc-cache <dir>', 'a cache of DVC, or a remote in a folder, instead of the one the source names')
      .option('--skip-missing', 'import without contents that are not there; pointers stay in their place')
      .option('--no-checkout', 'write no files where the workspace was empty')
      .option('-n, --dry-run', 'only look what is there, and what is missing')
      .option('--forget <name>', 'take back what was imported under this name')
      .option('--all', 'with --forget: its tags and branches here as well, unless they have moved')
      .addHelpText(
        'after',
        '\nOf a repository all branches and tags come, with authors, times, messages and merges; what is not committed does' +
          '\nnot. Contents of Git LFS and DVC are read from their folders on this machine and checked. Run it again to' +
          '\nbring what is new, or to go on where it stopped. The source is only read.',
      ),
  run: (context, [source], options) =>
    inWorkspace(context, async (workspace) => {
      if (options.forget !== undefined) {
        return forgotten(await forgetImport(workspace, options.forget, { all: options.all }))
      }
      if (options.all)
        throw new UsageError('IMPORT_ALL', '--all goes with --forget', {
          hints: ['`floe import SOURCE` brings all branches and tags'],
        })
      if (source === undefined)
        throw new UsageError('IMPORT_SOURCE_UNNAMED', 'nothing is named to import', {
          hints: ['`floe import SOURCE` with a folder, a git repository or a DVC repository'],
        })
      const { name, message, skipMissing, checkout, dryRun } = options
      const author = await authorFrom(context, workspace, undefined)
      const dvcCache = options.dvcCache === undefined ? undefined : resolve(context.cwd, options.dvcCache)
      const before = await lookBefore(workspace)
      const result = await withProgress(context, 'import', (onProgress) =>
        importSource(workspace, {
          source: resolve(context.cwd, source),
          name,
          message,
          author,
          dvcCache,
          skipMissing,
          checkout,
          dryRun,
          signal: context.signal,
          onProgress,
        }),
      )
      return report(context, workspace, result, before)
    }),
})

function forgotten(result: ForgottenImport): Result {
  const { name, refs, commits, kept } = result
  const isMore = kept.some(({ isMoved, isCurrent }) => !isMoved && !isCurrent)
  const hints = isMore ? [`\`${floeCommand('import', '--forget', name, '--all')}\` takes them back as well`] : []
  const countOf = (kind: string) => refs.filter((ref) => ref.startsWith(kind)).length
  const [branches, tags] = [countOf('heads/'), countOf('tags/')]
  const here = [
    ...(branches > 0 ? [formatCount(branches, 'branch', 'branches')] : []),
    ...(tags > 0 ? [formatCount(tags, 'tag')] : []),
  ]
  return {
    data: result,
    lines: [
      `Forgot ${formatCount(countOf('remotes/'), 'branch', 'branches')} of ${name}`,
      ...(here.length > 0 ? [`  ${here.join(' and ')} of this workspace that came with it`] : []),
      ...kept.map(({ ref, isMoved, isCurrent }) => {
        const why = isCurrent ? ' (you are on it)' : isMoved ? ' (it has moved since)' : ''
        return `  ${ref.replace(/^heads\//, 'branch ').replace(/^tags\//, 'tag ')} came with it and stays${why}`
      }),
    ],
    hints,
    notUndone: [
      `\`${floeCommand('import', 'SOURCE', '--name', name)}\` brings it again from where it came`,
      ...commits
        .slice(0, 1)
        .map(
          (id) =>
            `until \`floe gc\`, \`${floeCommand('branch', 'NAME', shortId(id))}\` keeps ${refs[0]!.replace(/^(remotes|heads|tags)\//, '')}`,
        ),
    ],
  }
}

function report(context: Context, workspace: Workspace, result: ImportResult, before: Before): Result {
  const { output } = context
  for (const { message } of result.warnings) output.warn(message)
  for (const { path, reason } of result.leftOut) output.warn(`${path} was left out: ${reason}`)
  for (const { kind, path } of result.missing) output.warn(`${path}: ${kind.toUpperCase()} has no contents here`)
  for (const tag of result.keptTags) output.warn(`${tag} is another version here and was left alone`)
  return {
    data: result,
    lines: linesOf(result),
    hints: hintsOf(result),
    ...undoOf(workspace, result, before),
    // Nobody asked for these to be left out.
    ...(result.leftOutCount > 0 ? { exitCode: 3 } : {}),
  }
}

function linesOf(result: ImportResult): string[] {
  const { $kind, source, commits, files, bytes, newBytes, lfsFiles, dvcFiles } = result
  const special = [
    ...(lfsFiles > 0 ? [`${lfsFiles} of Git LFS`] : []),
    ...(dvcFiles > 0 ? [`${dvcFiles} of DVC`] : []),
  ].join(', ')
  const read = `${formatCount(files, 'file')}${special ? ` (${special})` : ''}, ${formatBytes(bytes)}`
  if ($kind === 'up-to-date') return ['Already up to date']
  if ($kind === 'dry-run')
    return [
      `Would import ${formatCount(commits, 'version')} from ${source.path} (${source.kind})`,
      ...(files > 0 ? [`  ${read}`] : []),
    ]
  return [
    ...result.updated.map(
      ({ ref, old, new: next }) => `${ref}  ${old?.slice(0, 12) ?? '(new)'} → ${next.slice(0, 12)}`,
    ),
    `Imported ${formatCount(commits, 'version')} from ${source.path} (${source.kind})`,
    `  ${read} read, ${formatBytes(newBytes)} new`,
    ...(result.written === null
      ? []
      : [`  ${formatCount(result.written, 'file')} written; on branch ${result.branch}`]),
  ]
}

function hintsOf(result: ImportResult): string[] {
  const { name, branch, written, updated } = result
  const hints: string[] = []
  if (result.missingCount > 0) hints.push('import again without `--skip-missing` once the contents are there')
  const tracked = updated.filter(({ ref }) => ref.startsWith(`remotes/${name}/`))
  const tip = tracked.find(({ ref }) => /\/(main|master)$/.test(ref)) ?? tracked[0]
  if (branch !== null && written === null)
    hints.push(`on branch ${branch} now, and the files are as they were: \`floe status\` says how they differ`)
  else if (branch === null && tip)
    hints.push(`\`floe merge ${tip.ref.slice('remotes/'.length)}\` brings it into the current branch`)
  return hints
}

/** What was new can be forgotten; in a workspace without a version before, the branches that were made as well. */
function undoOf(workspace: Workspace, { $kind, name, branch, updated, written }: ImportResult, before: Before) {
  if ($kind !== 'imported') return {}
  const { undo, notUndone } = undoOfRefs(workspace, name, updated)
  if (branch === null) return { undo, notUndone }
  // Files that were there before would be deleted along with those that were written.
  const isAlone = written !== null && !before.hadFiles
  return {
    undo: [
      floeCommand('reset', isAlone ? '--hard' : '--mixed', '--root'),
      ...(before.branch === branch || before.branch === null
        ? []
        : [floeCommand('branch', '-m', branch, before.branch)]),
      ...undo,
    ],
    notUndone: [...notUndone, ...(written && !isAlone ? ['files that were written stay on disk by that'] : [])],
  }
}

interface Before {
  branch: string | null
  hadFiles: boolean
}

async function lookBefore(workspace: Workspace): Promise<Before> {
  const head = workspace.refs.readHead()
  const isEmpty = workspace.refs.headCommit() === null
  return {
    branch: head.$kind === 'branch' ? head.branch : null,
    hadFiles: isEmpty && (await hasChanges(workspace, true)),
  }
}
