/** Where imported versions appear: branches below `remotes/NAME/`, tags as tags, and in a workspace without a version of
 *  its own the source's branches, the current one included. */

import { readCommit } from '../history/commits.ts'
import type { ObjectId } from '../objects/id.ts'
import { MAX_REF_NAME_BYTES, refNameProblem } from '../objects/ref-name.ts'
import type { Workspace } from '../store/workspace.ts'
import { WouldOverwriteError } from '../worktree/errors.ts'
import type { ImportResult, NoteBook } from './import-result.ts'
import { moveToTree } from './move-files.ts'
import type { OnProgress } from './progress.ts'
import { readVersions } from './versions.ts'

export interface WantedRef {
  /** `heads/main`, `tags/v1`. */
  name: string
  commit: ObjectId
  /** True if it is the source's own, not what the source knows of a remote. */
  isLocal: boolean
}

export interface PlaceOptions {
  /** Write the files of the branch that becomes the current one (default true). */
  checkout?: boolean | undefined
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

/** Under the lock. Refs of an earlier import move; nothing is ever deleted, and local branches that are here stay. */
export async function placeRefs(
  workspace: Workspace,
  name: string,
  wanted: readonly WantedRef[],
  head: string | null,
  notes: NoteBook,
  options: PlaceOptions,
): Promise<Pick<ImportResult, 'updated' | 'keptTags' | 'branch' | 'written'>> {
  const { refs } = workspace
  const updated: ImportResult['updated'] = []
  const keptTags: string[] = []
  const move = async (ref: string, next: ObjectId) => {
    const old = refs.read(ref)
    if (old === next) return
    await refs.update({ name: ref, next, reason: `import: ${name}` })
    updated.push({ ref, old, new: next })
  }
  const isEmpty = refs.headCommit() === null && refs.list('heads/').length === 0
  const given = fittingNames(name, wanted, notes)
  for (const { name: ref, commit, original } of given) {
    if (!ref.startsWith('tags/')) await move(`remotes/${name}/${ref.slice('heads/'.length)}`, commit)
    else {
      const old = refs.read(ref)
      // Tags never move: only a person can say which of the two is meant.
      if (old !== null && old !== commit) keptTags.push(ref)
      else await move(ref, commit)
    }
    if (ref !== original) notes.warn('IMPORT_REF_RENAMED', `${original} is called ${ref} here`)
  }
  if (!isEmpty) return { updated, keptTags, branch: null, written: null }
  const branches = given.filter(({ name: ref, isLocal }) => isLocal && ref.startsWith('heads/'))
  const current = branches.find(({ original }) => original === head) ?? branches[0]
  if (!current) return { updated, keptTags, branch: null, written: null }
  // Files first, HEAD last: an import that was cut off in between goes on here.
  const written = options.checkout === false ? null : await showFiles(workspace, current.commit, options)
  for (const { name: ref, commit } of branches) await move(ref, commit)
  const branch = current.name.slice('heads/'.length)
  await refs.setHead({ $kind: 'branch', branch }, `import: ${name}`)
  return { updated, keptTags, branch, written }
}

/** Names as Floe allows them: other characters become `-`, and what would be called alike gets a number. */
function fittingNames(prefix: string, wanted: readonly WantedRef[], notes: NoteBook) {
  const taken = new Set(wanted.map(({ name }) => name))
  const most = MAX_REF_NAME_BYTES - `remotes/${prefix}/`.length - 10
  return wanted.flatMap((ref) => {
    if (isFitting(ref.name, prefix)) return [{ ...ref, original: ref.name }]
    const [kind = '', ...rest] = ref.name.split('/')
    const base = rest
      .join('/')
      .replace(/[^A-Za-z0-9._/-]+/g, '-')
      .replace(/\.{2,}/g, '.')
      .slice(0, most)
      .split('/')
      .map((segment) => segment.replace(/^[.-]+|[.-]+$|\.lock$/g, ''))
      .filter((segment) => segment !== '')
      .join('/')
    for (let number = 1; number <= MAX_SAME_NAMES; number++) {
      const name = `${kind}/${base || 'unnamed'}${number === 1 ? '' : `-${number}`}`
      if (taken.has(name) || !isFitting(name, prefix)) continue
      taken.add(name)
      return [{ ...ref, name, original: ref.name }]
    }
    notes.leaveOut(ref.name, 'no ref can be called so')
    return []
  })
}

const MAX_SAME_NAMES = 1000

function isFitting(name: string, prefix: string): boolean {
  const short = name.replace(/^(heads|tags)\//, '')
  return [name, short, `remotes/${prefix}/${short}`].every((text) => refNameProblem(text) === null) && short !== 'HEAD'
}

/** Writes the files of the first version, beside those that are there already.
 *  @returns how many, or null if one of them is something else: then all stay, and `status` says how they differ */
async function showFiles(workspace: Workspace, commit: ObjectId, options: PlaceOptions): Promise<number | null> {
  const versions = await readVersions(workspace)
  const { tree } = await readCommit(workspace.store.read, commit)
  try {
    return (await moveToTree(workspace, versions, tree, options)).written
  } catch (error) {
    if (error instanceof WouldOverwriteError) return null
    throw error
  }
}
