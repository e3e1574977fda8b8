import { UsageError } from '../../base/errors.ts'
import { readCommit } from '../../history/commits.ts'
import { ObjectMissingError } from '../../objects/errors.ts'
import type { ObjectId } from '../../objects/id.ts'
import { refNameProblem } from '../../objects/ref-name.ts'
import {
  createBranch,
  deleteBranch,
  listBranches,
  listRemoteBranches,
  mergedInto,
  type NamedCommit,
  renameBranch,
} from '../../repo/branch.ts'
import { setUpstream, type Upstream, upstreamOf } from '../../repo/upstream.ts'
import type { Workspace } from '../../store/workspace.ts'
import { command, type Result } from '../command.ts'
import { fitsPattern } from '../name-pattern.ts'
import { floeCommand, shortId } from '../undo.ts'
import { inWorkspace } from '../workspace.ts'

interface ListOptions {
  list?: boolean
  showCurrent?: boolean
  all?: boolean
  remotes?: boolean
  verbose?: boolean
  /** True, and false for those that are not: HEAD. */
  merged?: string | boolean | { not: string }
}

export const branch = command<
  ListOptions & {
    delete?: string
    D?: string
    move?: string
    force?: boolean
    upstream?: string
    unsetUpstream?: boolean
  }
>({
  define: (command) =>
    command
      .argument('[name]', 'branch to create; none lists all')
      .argument('[at]', 'revision it starts at (default HEAD)')
      .option('-l, --list', 'list all, or those that NAME, a pattern such as `exp-*`, fits')
      .option('--show-current', 'print the name of the current branch, or nothing')
      .option('-a, --all', 'list the branches of remotes as well')
      .option('-r, --remotes', 'list the branches of remotes only')
      .option('-v, --verbose', 'list what each one is at, too')
      .option('--merged [revision]', 'list only those that this one (default HEAD) has all versions of')
      .option('--no-merged [revision]', 'list only the others', (not: string) => ({ not }))
      .option('-d, --delete <name>', 'delete a branch whose commits another ref holds')
      .option('-D <name>', 'delete it in any case: -d with -f')
      .option('-m, --move <from>', 'rename this branch to NAME; with no NAME, the current branch to this')
      .option('-u, --upstream <remote/branch>', 'let NAME (default: the current branch) follow this')
      .option('--unset-upstream', 'let it follow nothing')
      .option('-f, --force', 'move an existing branch, or delete one that is not merged'),
  async run(context, [name, at], options) {
    return inWorkspace(context, async (workspace) => {
      const unwanted = options.delete ?? options.D
      if (unwanted !== undefined) {
        if (name !== undefined)
          throw new UsageError('BRANCH_ONE', 'one branch is deleted at a time', {
            hints: [`nothing is deleted; \`${floeCommand('branch', '-d', name)}\` deletes this one`],
          })
        const before = workspace.readConfig().branches?.[unwanted]
        const gone = await deleteBranch(workspace, { name: unwanted, force: options.force || options.D !== undefined })
        const follow = before ? [floeCommand('branch', unwanted, '-u', nameOf(before))] : []
        return {
          data: { deleted: gone },
          lines: [`Deleted branch ${unwanted}`],
          undo: gone.commit ? [floeCommand('branch', unwanted, shortId(gone.commit)), ...follow] : [],
        }
      }
      if (options.upstream !== undefined || options.unsetUpstream) {
        const branch = name ?? currentBranch(workspace)
        const upstream = options.upstream ?? null
        const before = workspace.readConfig().branches?.[branch]
        await setUpstream(workspace, branch, upstream)
        return {
          data: { branch, upstream },
          lines: [upstream ? `${branch} follows ${upstream}` : `${branch} follows nothing`],
          undo: [
            before
              ? floeCommand('branch', branch, '-u', nameOf(before))
              : floeCommand('branch', branch, '--unset-upstream'),
          ],
        }
      }
      if (options.move !== undefined) {
        const from = name === undefined ? currentBranch(workspace) : options.move
        const to = name ?? options.move
        const renamed = await renameBranch(workspace, { from, to })
        return {
          data: { renamed },
          lines: [`Renamed ${from} to ${to}`],
          undo: [floeCommand('branch', '-m', to, from)],
        }
      }
      if (options.showCurrent) {
        const head = workspace.refs.readHead()
        const current = head.$kind === 'branch' ? head.branch : null
        return { data: { current }, lines: current === null ? [] : [current] }
      }
      if (name === undefined || options.list) return listed(workspace, { ...options, pattern: name }, context.signal)
      const before = refNameProblem(name) === null ? workspace.refs.read(`heads/${name}`) : null
      const created = await createBranch(workspace, { name, at, force: options.force })
      return {
        data: { created },
        lines: [`Branch ${name} at ${created.commit?.slice(0, 12)}`],
        hints: [`\`floe switch ${name}\` changes to it`],
        undo: [before ? floeCommand('branch', '-f', name, shortId(before)) : floeCommand('branch', '-d', name)],
      }
    })
  },
})

async function listed(
  workspace: Workspace,
  options: ListOptions & { pattern?: string | undefined },
  signal: AbortSignal | undefined,
): Promise<Result> {
  const { pattern } = options
  const here = options.remotes ? [] : await listBranches(workspace)
  const there = options.all || options.remotes ? listRemoteBranches(workspace) : []
  const named = [...here, ...there].filter(({ name }) => pattern === undefined || fitsPattern(name, pattern))
  const chosen = await onlyMerged(workspace, named, options)
  const branches = []
  for (const entry of chosen) {
    const upstream = there.includes(entry) ? null : await upstreamOf(workspace, entry, { signal })
    const subject = options.verbose ? await subjectOf(workspace, entry.commit) : undefined
    branches.push({ ...entry, upstream, ...(subject === undefined ? {} : { subject }) })
  }
  return {
    data: { branches },
    lines: branches.map(
      ({ current, name, commit, upstream, subject }) =>
        `${current ? '*' : ' '} ${name}  ${commit?.slice(0, 12) ?? '(no commit)'}${upstreamText(upstream)}${subject ? `  ${subject}` : ''}`,
    ),
  }
}

async function onlyMerged(workspace: Workspace, branches: NamedCommit[], { merged }: ListOptions) {
  if (merged === undefined) return branches
  const into = typeof merged === 'object' ? merged.not : typeof merged === 'string' ? merged : 'HEAD'
  const sorted = await mergedInto(workspace, branches, into)
  return merged === false || typeof merged === 'object' ? sorted.others : sorted.merged
}

async function subjectOf(workspace: Workspace, commit: ObjectId | null): Promise<string> {
  try {
    return commit ? (await readCommit(workspace.store.read, commit)).message.trim().split('\n')[0]! : ''
  } catch (error) {
    // Of what was never brought here nothing is known but where it is.
    if (error instanceof ObjectMissingError) return ''
    throw error
  }
}

/** `origin/main`. */
function nameOf({ remote, ref }: { remote: string; ref: string }): string {
  return `${remote}/${ref.replace(/^heads\//, '')}`
}

function currentBranch(workspace: Workspace): string {
  const head = workspace.refs.readHead()
  if (head.$kind === 'branch') return head.branch
  throw new UsageError('BRANCH_NEEDED', 'HEAD is on no branch, so the branch must be named')
}

function upstreamText(upstream: Upstream | null): string {
  if (!upstream) return ''
  const { name, commit, ahead, behind } = upstream
  const parted = [ahead ? `${ahead} ahead` : '', behind ? `${behind} behind` : ''].filter((part) => part !== '')
  if (commit === null) return `  [${name}: not there]`
  return `  [${name}${parted.length > 0 ? `: ${parted.join(', ')}` : ''}]`
}
