/** What DVC writes beside the data: `.dvc` files, `dvc.lock` and, of `dvc.yaml`, where its stages run.
 *  They are YAML that people edit and that comes from outside: size, nesting and aliases are bounded, and of what is not
 *  as DVC writes it nothing is taken. */

import { ForeignFormatError } from './errors.ts'

export interface DvcOutput {
  /** From the root of the repository. */
  path: string
  /** MD5 in hex; of a folder, of its listing. Null if DVC holds no MD5 of it (another hash, a cloud version, nothing yet). */
  md5: string | null
  isFolder: boolean
  isExecutable: boolean
  /** Written before DVC 3: text was hashed with its line ends changed, and lies elsewhere in the cache. */
  isLegacy: boolean
  /** Size that DVC noted. */
  bytes: number | null
}

/** `data.dvc` and `dvc.lock`; `.dvc` alone is DVC's own folder. */
export const isDvcFile = (name: string): boolean => name.endsWith('.dvc') && name.length > 4 && !name.endsWith('/.dvc')
export const DVC_LOCK = 'dvc.lock'
export const DVC_PIPELINE = 'dvc.yaml'
export const DVC_DIR = '.dvc'

export const MAX_DVC_FILE_BYTES: number = 1 << 20
export const MAX_DVC_LOCK_BYTES: number = 32 << 20
const MAX_OUTPUTS = 100_000
const MAX_ALIASES = 1000
const MD5 = /^([0-9a-f]{32})(\.dir)?$/

/** Outputs of a `.dvc` file.
 *  @param folder - where the file lies, from the root of the repository
 *  @throws {ForeignFormatError} */
export async function parseDvcFile(text: string, folder: string): Promise<DvcOutput[]> {
  const file = record(await parseYaml(text), 'the file')
  const base = joined(folder, textOf(file.wdir) ?? '.')
  return list(file.outs).map((out) => outputOf(out, base))
}

/** Outputs of all stages of a `dvc.lock`.
 *  @param pipeline - text of the `dvc.yaml` beside it, which alone says in which folder a stage runs
 *  @throws {ForeignFormatError} */
export async function parseDvcLock(text: string, folder: string, pipeline: string | undefined): Promise<DvcOutput[]> {
  const lock = record(await parseYaml(text), 'the file')
  // Before `schema` there were only stages.
  const stages = 'schema' in lock ? record(lock.stages || {}, 'stages') : lock
  const settings = pipeline === undefined ? {} : stagesOf(await parseYaml(pipeline))
  const found: DvcOutput[] = []
  for (const [name, value] of Object.entries(stages)) {
    const stage = record(value, `stage ${name}`)
    // `train@0` is one of the stages that `train` stands for.
    const setting = settings[name] ?? settings[name.split('@')[0]!] ?? {}
    const isUncached = uncachedOf(setting)
    for (const out of list(stage.outs)) {
      const path = textOf(record(out, 'an output').path) ?? ''
      if (!isUncached.has(path)) found.push(outputOf(out, joined(folder, textOf(setting.wdir) ?? '.')))
    }
    if (found.length > MAX_OUTPUTS) throw new ForeignFormatError(`it has more than ${MAX_OUTPUTS} outputs`)
  }
  return found
}

type Fields = Record<string, unknown>

function stagesOf(pipeline: unknown): Record<string, Fields> {
  const stages: Record<string, Fields> = Object.create(null)
  if (!isRecord(pipeline) || !isRecord(pipeline.stages)) return stages
  for (const [name, stage] of Object.entries(pipeline.stages)) {
    if (!isRecord(stage)) continue
    stages[name] = isRecord(stage.do) ? stage.do : stage
  }
  return stages
}

/** Outputs that DVC leaves to git: `- metrics.json: {cache: false}`. */
function uncachedOf(stage: Fields): Set<string> {
  const found = new Set<string>()
  for (const key of ['outs', 'metrics', 'plots'])
    for (const out of Array.isArray(stage[key]) ? stage[key] : [])
      if (isRecord(out))
        for (const [path, options] of Object.entries(out))
          if (isRecord(options) && options.cache === 'false') found.add(path)
  return found
}

function outputOf(value: unknown, base: string): DvcOutput {
  const out = record(value, 'an output')
  const path = textOf(out.path)
  if (path === undefined || path === '') throw new ForeignFormatError('an output has no path')
  const match = MD5.exec(textOf(out.md5) ?? '')
  const isCached = out.cache !== 'false'
  return {
    path: joined(base, path),
    md5: match && isCached ? match[1]! : null,
    isFolder: match?.[2] !== undefined,
    isExecutable: out.isexec === 'true',
    isLegacy: out.hash === undefined,
    bytes: /^\d{1,15}$/.test(textOf(out.size) ?? '') ? Number(out.size) : null,
  }
}

/** A path below a folder, `..` resolved.
 *  @throws {ForeignFormatError} if it leads out of the repository */
function joined(folder: string, path: string): string {
  if (/^([/\\]|[A-Za-z]:|[a-z0-9+.-]+:\/\/)/.test(path))
    throw new ForeignFormatError(`${JSON.stringify(path)} lies outside the repository`)
  const segments = folder === '' ? [] : folder.split('/')
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    else if (segments.pop() === undefined)
      throw new ForeignFormatError(`${JSON.stringify(path)} lies outside the repository`)
  }
  return segments.join('/')
}

/** DVC writes no key of several lines (`? key`), and nested ones take the parser exponential time. */
const EXPLICIT_KEY = /^[ \t]*(?:- +)*\?(?:\s|$)|[[{,][ \t]*\?\s/m
const MAX_NESTING = 100

async function parseYaml(text: string): Promise<unknown> {
  if (EXPLICIT_KEY.test(text) || nesting(text) > MAX_NESTING)
    throw new ForeignFormatError('it is YAML of a form that DVC does not write')
  const { parse } = await import('yaml')
  try {
    // All scalars as text: an MD5 may look like a number. Keys that occur twice are not looked for: that is quadratic.
    return parse(text, { schema: 'failsafe', maxAliasCount: MAX_ALIASES, logLevel: 'silent', uniqueKeys: false })
  } catch (error) {
    throw new ForeignFormatError(`it is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : ''}`)
  }
}

/** How deep brackets or dashes stand in each other, or more. */
function nesting(text: string): number {
  let depth = 0
  let most = 0
  for (const mark of text) {
    if (mark === '[' || mark === '{') most = Math.max(most, ++depth)
    else if ((mark === ']' || mark === '}') && depth > 0) depth--
  }
  return Math.max(most, /(?:- ){100}/.test(text) ? MAX_NESTING + 1 : 0)
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function record(value: unknown, what: string): Fields {
  if (!isRecord(value)) throw new ForeignFormatError(`${what} is no mapping`)
  return value
}

function list(value: unknown): unknown[] {
  if (value === undefined || value === null || value === '') return []
  if (!Array.isArray(value) || value.length > MAX_OUTPUTS) throw new ForeignFormatError('its outputs are no list')
  return value
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export interface DvcListed {
  /** Below the folder. */
  path: string
  md5: string
  isExecutable: boolean
}

/** Listings of folders with more are refused. */
const MAX_LISTED = 5_000_000
export const MAX_LISTING_BYTES: number = 1 << 30

/** The listing of a folder: what a `.dir` object of the cache holds.
 *  @throws {ForeignFormatError} */
export function parseDvcListing(bytes: Uint8Array): DvcListed[] {
  let items: unknown
  try {
    items = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
  } catch {
    throw new ForeignFormatError('it is not JSON')
  }
  if (!Array.isArray(items) || items.length > MAX_LISTED) throw new ForeignFormatError('it is no list')
  return items.map((item: unknown) => {
    const { md5, relpath, isexec } = record(item, 'an item')
    if (typeof relpath !== 'string' || typeof md5 !== 'string' || !/^[0-9a-f]{32}$/.test(md5))
      throw new ForeignFormatError('an item has no path or no MD5')
    // Written on Windows before DVC 1.0 with its separators.
    const path = joined('', relpath.replaceAll('\\', '/'))
    if (path === '') throw new ForeignFormatError('an item has no path')
    return { path, md5, isExecutable: isexec === true }
  })
}
