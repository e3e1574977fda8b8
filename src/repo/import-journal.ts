/** Which commit of Floe a commit of git became: `.floe/imports/<name>`, a line per commit, only ever appended to.
 *
 *  A line is written after the commit is durable, so it never says too much. It can still say what is no longer so, when
 *  `gc` has deleted versions that nothing refers to: whoever reads it looks whether the commit is here, whole. */

import { utf8 } from '../base/bytes.ts'
import { walkCommits } from '../history/commits.ts'
import { missingObjects } from '../history/missing-objects.ts'
import { ObjectMissingError } from '../objects/errors.ts'
import { isObjectId, type ObjectId } from '../objects/id.ts'
import { ensureDirectory } from '../store/atomic-file.ts'
import { isErrno } from '../store/file-system.ts'
import { checkOf } from '../store/refs.ts'
import type { Workspace } from '../store/workspace.ts'

export interface Imported {
  commit: ObjectId
  /** True if contents that were missing at the source are missing in it or in a parent. */
  isPartial: boolean
}

/** What the parents became: each once, in order. */
export function parentsOf(parents: readonly string[], imported: ReadonlyMap<string, Imported>): ObjectId[] {
  return [...new Set(parents.flatMap((id) => imported.get(id)?.commit ?? []))]
}

const MAX_JOURNAL_BYTES = 2 ** 29
const LINE = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{64}) ([01]) ([0-9a-f]{8})$/

const folderOf = (workspace: Workspace) => `${workspace.floeDir}/imports`
export const journalPath = (workspace: Workspace, name: string): string =>
  `${folderOf(workspace)}/${encodeURIComponent(name)}`

/** What was known of a folder's files. No name of an import is encoded with an `@`, so it is no other's journal. */
export const statCachePath = (workspace: Workspace, name: string): string => `${journalPath(workspace, name)}@stat`

/** Lines as written; a torn or damaged one counts as not there. */
export function readImportJournal(workspace: Workspace, name: string): Map<string, Imported> {
  const found = new Map<string, Imported>()
  let text: string
  try {
    text = Buffer.from(workspace.fs.readFile(journalPath(workspace, name), MAX_JOURNAL_BYTES)).toString('latin1')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return found
    throw error
  }
  for (const line of text.split('\n')) {
    const [, foreign, commit, partial, check] = LINE.exec(line) ?? []
    if (!foreign || !commit || !isObjectId(commit) || check !== checkOf(foreign, `${commit}${partial}`)) continue
    found.set(foreign, { commit, isPartial: partial === '1' })
  }
  return found
}

/** Under the workspace lock, after the commits were sealed. */
export async function appendImportJournal(
  workspace: Workspace,
  name: string,
  added: ReadonlyMap<string, Imported>,
): Promise<void> {
  if (added.size === 0) return
  await ensureDirectory(workspace.fs, folderOf(workspace))
  const lines = [...added].map(([foreign, { commit, isPartial }]) => {
    const partial = isPartial ? '1' : '0'
    return `${foreign} ${commit} ${partial} ${checkOf(foreign, `${commit}${partial}`)}\n`
  })
  const file = workspace.fs.open(journalPath(workspace, name), 'append')
  try {
    // Begins with a line feed: the last line of a run that was cut off may lack its own.
    file.write(utf8(`\n${lines.join('')}`))
    await file.sync()
  } finally {
    file.close()
  }
}

/** What the journal says, as far as it is still here with all that belongs to it. */
export async function believedImports(
  workspace: Workspace,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, Imported>> {
  const journal = readImportJournal(workspace, name)
  if (journal.size === 0) return journal
  const { store, refs } = workspace
  const tips = [...new Set(refs.list().map(({ id }) => id))]
  const reachable = new Set<ObjectId>()
  for await (const { id } of walkCommits(store.readLocal, tips, { signal, onAbsent: () => {} })) reachable.add(id)
  // A run that was cut off left commits that no ref leads to.
  const loose = [...journal.values()].map(({ commit }) => commit).filter((commit) => !reachable.has(commit))
  if (loose.length === 0 || (await isComplete(workspace, loose, tips, signal))) return journal
  return new Map([...journal].filter(([, { commit }]) => reachable.has(commit)))
}

async function isComplete(
  { store }: Workspace,
  wanted: readonly ObjectId[],
  have: readonly ObjectId[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    for await (const { kind, id } of missingObjects(store.readLocal, { wanted, have, signal }))
      if (kind === 'chunk' && !(await store.has(kind, id))) return false
    return true
  } catch (error) {
    if (error instanceof ObjectMissingError) return false
    throw error
  }
}
