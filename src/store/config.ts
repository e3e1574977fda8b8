/** `config.json`: the workspace's settings, meant to be read and edited by people. Keys this version does not know are
 *  kept. */

import * as v from 'valibot'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { replaceFile } from './atomic-file.ts'
import { ConfigInvalidError, WorkspaceVersionError } from './errors.ts'
import { type FileSystem, isErrno } from './file-system.ts'

/** The layout of `.floe/` that this version reads and writes. */
export const WORKSPACE_VERSION = 1
const MAX_CONFIG_BYTES = 1 << 20
const MAX_TEXT = 1024

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT))
const remoteName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is not a remote name'))

const configSchema = v.looseObject({
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  user: v.optional(v.looseObject({ name: v.optional(text), email: v.optional(text), address: v.optional(text) })),
  remotes: v.optional(v.record(remoteName, v.looseObject({ network: text, repository: text }))),
  /** Which branch of which remote a local branch follows. */
  branches: v.optional(v.record(text, v.looseObject({ remote: text, ref: text }))),
})

export type Config = v.InferOutput<typeof configSchema>

/** @throws {ConfigInvalidError} STORE_CONFIG_INVALID (exit 2)
 *  @throws {WorkspaceVersionError} STORE_VERSION_UNKNOWN (exit 2) */
export function readConfig(fs: FileSystem, path: string): Config {
  return parseConfig(path, readJson(fs, path))
}

export function parseConfig(path: string, value: unknown): Config {
  const result = v.safeParse(configSchema, value)
  if (!result.success) {
    const issue = result.issues[0]
    const where = v.getDotPath(issue)
    throw new ConfigInvalidError(path, where ? `${where}: ${issue.message}` : issue.message)
  }
  if (result.output.version !== WORKSPACE_VERSION) throw new WorkspaceVersionError(path, result.output.version)
  return result.output
}

export async function writeConfig(fs: FileSystem, path: string, config: Config, tmpDir: string): Promise<void> {
  const checked = parseConfig(path, config)
  await replaceFile(fs, path, [utf8(`${JSON.stringify(checked, null, 2)}\n`)], { tmpDir })
}

function readJson(fs: FileSystem, path: string): unknown {
  try {
    return JSON.parse(fromUtf8(fs.readFile(path, MAX_CONFIG_BYTES)))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw new ConfigInvalidError(path, 'is missing')
    if (isErrno(error, 'EFBIG')) throw new ConfigInvalidError(path, 'is too large')
    if (error instanceof SyntaxError || error instanceof TypeError) throw new ConfigInvalidError(path, 'is not JSON')
    throw error
  }
}
