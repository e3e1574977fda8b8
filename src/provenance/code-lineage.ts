/** Which code produced a commit: revision, branch, uncommitted changes and remote of the git work tree around it.
 *
 *  `git` runs with fixed arguments and without hooks, file-system monitor, system and user configuration, so that a
 *  hostile `.git/config` cannot start a program. It only reads. These facts are claims of whoever made the commit. */

import { safeText } from '../objects/text.ts'
import { GIT_SETTINGS, GIT_SWITCHES, gitEnvironment } from './git-environment.ts'

export interface CodeLineage {
  /** Commit id of HEAD: 40 or 64 hex digits. */
  revision: string
  /** `null` on a detached HEAD. */
  branch: string | null
  /** True if tracked files differ from the revision or untracked ones exist (outside Floe's own folder). */
  dirty: boolean
  /** Address of `origin`, else of the first remote; credentials removed; `null` without remotes. */
  remote: string | null
  /** Folder of the workspace inside the work tree, `''` at its top. */
  prefix: string
}

const GIT_TIMEOUT_MS = 10_000
const MAX_TEXT = 1024
const MAX_FILTERS = 100

/** The lineage of a folder, or `null` if it is in no git work tree, has no revision yet, or git is not installed.
 *  @example const lineage = await readCodeLineage('datasets/words') */
export async function readCodeLineage(dir: string): Promise<CodeLineage | null> {
  const { simpleGit } = await import('simple-git')
  const git = simpleGit({
    baseDir: dir,
    maxConcurrentProcesses: 1,
    timeout: { block: GIT_TIMEOUT_MS },
    config: [...GIT_SETTINGS],
    // simple-git refuses these because a value could name a program; the values here switch the features off.
    unsafe: {
      allowUnsafeHooksPath: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeFilter: true,
    },
    allowEnvironment: Object.keys(GIT_SWITCHES),
  }).env(gitEnvironment())
  const ask = async (...args: string[]) => {
    try {
      return (await git.raw(args)).trim()
    } catch {
      return null
    }
  }
  if ((await ask('rev-parse', '--is-inside-work-tree')) !== 'true') return null
  const revision = await ask('rev-parse', '--verify', 'HEAD^{commit}')
  if (revision === null || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(revision)) return null
  const branch = await ask('symbolic-ref', '--quiet', '--short', 'HEAD')
  // Without submodules: their own configuration and hooks would come into play.
  const status = await ask(
    ...(await filtersOff(ask)),
    'status',
    '--porcelain=v1',
    '--ignore-submodules=all',
    '--',
    '.',
    ':(exclude,top,glob)**/.floe/**',
  )
  const names = (await ask('remote'))?.split('\n').filter(Boolean) ?? []
  const name = names.includes('origin') ? 'origin' : names[0]
  const remote = name === undefined ? null : await ask('config', '--local', '--get', `remote.${name}.url`)
  const prefix = await ask('rev-parse', '--show-prefix')
  return {
    revision,
    branch: branch ? limited(branch) : null,
    dirty: status !== '',
    remote: remote ? limited(withoutCredentials(remote)) : null,
    prefix: limited(prefix ?? '').replace(/\/$/, ''),
  }
}

/** `git status` runs the clean filters that the repository configures. An empty command means no filter; a filtered
 *  file may then count as changed, which errs on the honest side. */
async function filtersOff(ask: (...args: string[]) => Promise<string | null>): Promise<string[]> {
  const keys =
    (await ask('config', '--name-only', '--get-regexp', '^filter\\..*\\.(clean|smudge|process)$'))?.split('\n') ?? []
  return keys
    .filter(Boolean)
    .slice(0, MAX_FILTERS)
    .flatMap((key) => ['-c', `${key}=`])
}

/** Commits are public: a token inside an address must not become part of one. */
export function withoutCredentials(remote: string): string {
  if (!URL.canParse(remote)) return remote.replace(/^[^@/\s]+:[^@/\s]*@/, '')
  const url = new URL(remote)
  url.username = ''
  url.password = ''
  url.search = ''
  url.hash = ''
  return url.protocol === 'file:' ? 'file:' : url.href
}

function limited(text: string): string {
  return safeText(text).slice(0, MAX_TEXT)
}
