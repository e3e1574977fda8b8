/** What DVC keeps outside git, as paths of a version: the outputs of `.dvc` files and `dvc.lock`, folders file by file. */

import type { DvcCache } from '../migration/dvc-cache.ts'
import {
  DVC_LOCK,
  DVC_PIPELINE,
  type DvcOutput,
  isDvcFile,
  MAX_DVC_FILE_BYTES,
  MAX_DVC_LOCK_BYTES,
  parseDvcFile,
  parseDvcLock,
} from '../migration/dvc-file.ts'
import { ForeignFormatError } from '../migration/errors.ts'
import { pathProblem } from '../objects/path.ts'
import { contentsOfPath, createBoundedMap } from './import-contents.ts'

/** A file that DVC keeps. */
export interface DvcFile {
  path: string
  md5: string
  isExecutable: boolean
  isLegacy: boolean
  bytes: number | null
}

/** Where descriptions stand: a version of git, or a folder on disk. */
export interface DvcPlace {
  /** What identifies the text of a file, and the text; undefined if there is no such file. */
  find(path: string): Promise<{ id: string; text(maxBytes: number): Promise<string> } | undefined>
}

export interface DvcReader {
  /** Files that a description stands for; null if it is not one of DVC's. */
  filesOf(place: DvcPlace, description: string): Promise<DvcDescribed | null>
  cacheOf(description: string): DvcCache | undefined
}

export interface DvcDescribed {
  outputs: readonly DvcOutput[]
  files: Map<string, DvcFile>
  /** Outputs and listings of which DVC holds nothing here. */
  missing: { id: string; path: string }[]
}

export type OnDvcProblem = (path: string, reason: string) => void

/** The description that a change of this path may concern, if it is DVC's. */
export function descriptionOf(path: string): string | undefined {
  const slash = path.lastIndexOf('/') + 1
  const name = path.slice(slash)
  if (name === DVC_PIPELINE) return `${path.slice(0, slash)}${DVC_LOCK}`
  return name === DVC_LOCK || isDvcFile(name) ? path : undefined
}

/** DVC's own folder: settings, and perhaps the cache. */
export const isDvcInternal = (path: string): boolean => /(^|\/)\.dvc\//.test(path)

/** Descriptions whose outputs are kept: consecutive versions ask for the same. */
const MAX_CACHED = 10_000

/** @param cacheOf - the cache of the DVC repository that the description belongs to */
export function createDvcReader(
  cacheOf: (description: string) => DvcCache | undefined,
  onProblem: OnDvcProblem,
): DvcReader {
  const known = createBoundedMap<readonly DvcOutput[] | null>(MAX_CACHED)

  async function outputsOf(place: DvcPlace, path: string): Promise<readonly DvcOutput[] | null> {
    const file = await place.find(path)
    if (!file) return null
    const slash = path.lastIndexOf('/')
    const folder = slash < 0 ? '' : path.slice(0, slash)
    const isLock = path.slice(slash + 1) === DVC_LOCK
    const pipeline = isLock ? await place.find(`${folder === '' ? '' : `${folder}/`}${DVC_PIPELINE}`) : undefined
    const key = `${path}\0${file.id}\0${pipeline?.id ?? ''}`
    const before = known.get(key)
    if (before !== undefined) return before
    try {
      const outputs = isLock
        ? await parseDvcLock(await file.text(MAX_DVC_LOCK_BYTES), folder, await pipeline?.text(MAX_DVC_LOCK_BYTES))
        : await parseDvcFile(await file.text(MAX_DVC_FILE_BYTES), folder)
      return known.set(key, outputs)
    } catch (error) {
      if (!(error instanceof ForeignFormatError)) throw error
      onProblem(path, error.message)
      return known.set(key, null)
    }
  }

  return {
    cacheOf,
    async filesOf(place, description) {
      const outputs = await outputsOf(place, description)
      if (!outputs) return null
      const described: DvcDescribed = { outputs, files: new Map(), missing: [] }
      const cache = cacheOf(description)
      for (const output of outputs)
        await contentsOfPath(output.path, () => addOutput(described, output, cache, onProblem))
      return described
    },
  }
}

function addOutput(
  { files, missing }: DvcDescribed,
  output: DvcOutput,
  cache: DvcCache | undefined,
  onProblem: OnDvcProblem,
): void {
  const add = (path: string, md5: string, isExecutable: boolean, bytes: number | null) => {
    const problem = pathProblem(path)
    if (problem) onProblem(path, problem)
    else files.set(path, { path, md5, isExecutable, isLegacy: output.isLegacy, bytes })
  }
  if (output.md5 === null) missing.push({ id: '', path: output.path })
  else if (!output.isFolder) add(output.path, output.md5, output.isExecutable, output.bytes)
  else {
    const listing = cache?.listing(output.md5)
    if (!listing) missing.push({ id: `${output.md5}.dir`, path: output.path })
    for (const item of listing ?? [])
      add(output.path === '' ? item.path : `${output.path}/${item.path}`, item.md5, item.isExecutable, null)
  }
}

/** Names contents among all that DVC keeps. */
export const contentKey = ({ md5, isLegacy }: DvcFile): string => `${isLegacy ? 'dvc 2' : 'dvc'} ${md5}`

export interface DvcChanges {
  gone: Set<string>
  come: Map<string, { file: DvcFile; description: string }>
  /** Descriptions that are replaced by what they describe. */
  replaced: Set<string>
  /** Of which DVC holds nothing. */
  missing: { id: string; path: string }[]
}

/** What changes for the descriptions that changed.
 *  @param before - null for nothing */
export async function dvcChanges(
  reader: DvcReader,
  before: DvcPlace | null,
  after: DvcPlace,
  descriptions: Iterable<string>,
): Promise<DvcChanges> {
  const changes: DvcChanges = { gone: new Set(), come: new Map(), replaced: new Set(), missing: [] }
  for (const description of new Set(descriptions)) {
    const old = before ? await reader.filesOf(before, description) : null
    const now = await reader.filesOf(after, description)
    for (const path of old?.files.keys() ?? []) if (!now?.files.has(path)) changes.gone.add(path)
    const cache = reader.cacheOf(description)
    let isWhole = now !== null && now.outputs.length > 0 && now.missing.length === 0
    for (const file of now?.files.values() ?? []) {
      const was = old?.files.get(file.path)
      if (was && contentKey(was) === contentKey(file) && was.isExecutable === file.isExecutable) continue
      if (cache?.open(file.md5, file.isLegacy)) changes.come.set(file.path, { file, description })
      else {
        isWhole = false
        if (was) changes.gone.add(file.path)
        changes.missing.push({ id: file.md5, path: file.path })
      }
    }
    changes.missing.push(...(now?.missing ?? []))
    if (isWhole && isDvcFile(description)) changes.replaced.add(description)
  }
  for (const path of changes.come.keys()) changes.gone.delete(path)
  return changes
}
