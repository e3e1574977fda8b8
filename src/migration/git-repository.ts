/** A git repository in a folder: where it is, its refs, and its history as lists of ids. */

import { resolve } from 'node:path'
import type { FileSystem } from '../store/file-system.ts'
import { ForeignFormatError, ImportSourceError } from './errors.ts'
import { type GitObjects, type GitStart, gitLines } from './git-process.ts'

export interface GitPlace {
  gitDir: string
  /** What all work trees share: objects, refs, LFS. */
  commonDir: string
  /** Folder with the files; null for a bare repository. */
  workTree: string | null
}

const MAX_LINK_BYTES = 8192
export const MAX_GIT_COMMIT_BYTES: number = 16 * 2 ** 20
export const MAX_GIT_COMMITS = 1_000_000
export const MAX_GIT_REFS = 100_000

/** The repository whose top is this folder, or null if there is none. */
export function findGitRepository(fs: FileSystem, dir: string): GitPlace | null {
  const dotGit = `${dir}/.git`
  const kind = fs.stat(dotGit)?.kind
  // A work tree beside the main one, or a submodule, has a file that says where.
  const linked = kind === 'file' ? readLine(fs, dotGit)?.match(/^gitdir: (.+)$/)?.[1] : undefined
  const gitDir = kind === 'directory' ? dotGit : linked ? resolve(dir, linked) : dir
  const isRepository = ['objects', 'refs'].every((name) => fs.stat(`${gitDir}/${name}`)?.kind === 'directory')
  const common = readLine(fs, `${gitDir}/commondir`)
  if (!fs.stat(`${gitDir}/HEAD`) || !(isRepository || common !== undefined)) return null
  return {
    gitDir,
    commonDir: common === undefined ? gitDir : resolve(gitDir, common),
    workTree: gitDir === dir ? null : dir,
  }
}

function readLine(fs: FileSystem, path: string): string | undefined {
  if (fs.stat(path)?.kind !== 'file') return undefined
  return new TextDecoder().decode(fs.readFile(path, MAX_LINK_BYTES)).split('\n')[0]!.trimEnd()
}

/** Where Git LFS keeps contents: `lfs.storage`, else beside the objects of git. */
export async function lfsObjectsDir(start: GitStart, place: GitPlace): Promise<string> {
  let storage = ''
  // This one alone: others may be of any length.
  const args = ['config', '--local', '--default', 'lfs', '--get', 'lfs.storage']
  for await (const line of gitLines(start, args)) storage = utf8OfLatin1(line)
  return `${resolve(place.commonDir, storage)}/objects`
}

export interface GitRef {
  /** `heads/main`, `tags/v1`; `remotes/origin/main` as `heads/main` if no branch here is called so. */
  name: string
  commit: string
  /** False for what only a remote of the source has. */
  isLocal: boolean
}

export interface GitRefs {
  refs: GitRef[]
  /** The branch that is checked out there, if it has a commit. */
  head: string | null
  /** Tags of something else than a commit. */
  odd: string[]
}

/** Branches and tags, tags of tags followed to their commit. */
export async function readGitRefs(start: GitStart, objects: GitObjects): Promise<GitRefs> {
  const format = '%(objecttype) %(objectname) %(HEAD) %(refname) %(symref)'
  const found: GitRefs = { refs: [], head: null, odd: [] }
  const remote: GitRef[] = []
  const args = ['for-each-ref', `--format=${format}`, 'refs/heads', 'refs/tags', 'refs/remotes']
  let count = 0
  for await (const line of gitLines(start, args)) {
    if (++count > MAX_GIT_REFS) throw new ForeignFormatError(`the repository has more than ${MAX_GIT_REFS} refs`)
    const [, type, id, star, ref, symbolic] = /^(\w+) ([0-9a-f]+) (.) refs\/(\S+) (.*)$/.exec(utf8OfLatin1(line)) ?? []
    if (!type || !id || !ref) continue
    const commit = type === 'commit' ? id : (await objects.read(`${id}^{commit}`, 'commit', MAX_GIT_COMMIT_BYTES))?.id
    if (commit === undefined) found.odd.push(ref)
    else if (!ref.startsWith('remotes/')) found.refs.push({ name: ref, commit, isLocal: true })
    else if (!symbolic && /^remotes\/[^/]+\/./.test(ref))
      remote.push({ name: ref.replace(/^remotes\/[^/]+\//, 'heads/'), commit, isLocal: false })
    if (star === '*' && commit !== undefined) found.head = ref
  }
  const names = new Set(found.refs.map(({ name }) => name))
  for (const ref of remote) {
    if (names.has(ref.name)) continue
    names.add(ref.name)
    found.refs.push(ref)
  }
  return found
}

export interface ListedCommit {
  id: string
  parents: string[]
}

/** Commits that the tips lead to, parents first. Where history was cut off (`git clone --depth`), there are no parents. */
export async function listGitCommits(start: GitStart, tips: readonly string[]): Promise<ListedCommit[]> {
  const commits: ListedCommit[] = []
  if (tips.length === 0) return commits
  for await (const line of gitLines(start, ['rev-list', '--topo-order', '--reverse', '--parents', '--stdin'], tips)) {
    if (commits.length >= MAX_GIT_COMMITS)
      throw new ImportSourceError(
        'IMPORT_TOO_MANY_COMMITS',
        `the source has more than ${MAX_GIT_COMMITS} commits`,
        start.gitDir,
        ['import a clone of a part of it: `git clone --single-branch`'],
      )
    const [id = '', ...parents] = line.split(' ')
    commits.push({ id, parents })
  }
  return commits
}

/** Blobs below 1 KiB that the commits bring, with a path of each: what may be a pointer. */
export function listSmallBlobs(start: GitStart, wanted: readonly string[], have: readonly string[]) {
  return listBlobs(start, ['--filter=blob:limit=1024'], [...wanted, ...have.map((id) => `^${id}`)])
}

/** All that DVC wrote into these commits. */
export function listDvcBlobs(start: GitStart, wanted: readonly string[], have: readonly string[]) {
  const paths = ['--', ':(glob)**/*.dvc', ':(glob)**/dvc.lock']
  return listBlobs(start, ['--full-history'], [...wanted, ...have.map((id) => `^${id}`), ...paths])
}

async function* listBlobs(
  start: GitStart,
  args: readonly string[],
  input: readonly string[],
): AsyncGenerator<{ id: string; path: string }> {
  const filters = ['--filter=object:type=blob', '--filter-provided-objects', ...args]
  for await (const line of gitLines(start, ['rev-list', '--objects', ...filters, '--stdin'], input)) {
    const space = line.indexOf(' ')
    if (space > 0) yield { id: line.slice(0, space), path: utf8OfLatin1(line.slice(space + 1)) }
  }
}

const utf8OfLatin1 = (text: string) => Buffer.from(text, 'latin1').toString('utf8')
