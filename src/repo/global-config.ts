/** Settings of a person rather than of a workspace: `config.json` in Floe's data directory. What a workspace sets itself
 *  comes first. */

import * as v from 'valibot'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { ensureDirectory, replaceFile } from '../store/atomic-file.ts'
import { ConfigInvalidError } from '../store/errors.ts'
import { isErrno } from '../store/file-system.ts'
import { nodeFs } from '../store/node-fs.ts'
import { ConfigKeyError } from './errors.ts'

/** Keys that mean the same in every workspace. */
export const GLOBAL_KEYS = ['user.name', 'user.email', 'user.address', 'network.default'] as const

export function isGlobalKey(key: string): boolean {
  return (GLOBAL_KEYS as readonly string[]).includes(key) || /^alias\.[^.]+$/.test(key)
}

const MAX_BYTES = 1 << 20
const schema = v.record(v.string(), v.pipe(v.string(), v.maxLength(1024)))

/** @throws {ConfigInvalidError} STORE_CONFIG_INVALID (exit 2) */
export function listGlobalConfig(homeDir: string): { key: string; value: string }[] {
  return Object.entries(read(homeDir))
    .map(([key, value]) => ({ key, value }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

export function getGlobalConfig(homeDir: string, key: string): string | undefined {
  const settings = read(homeDir)
  return Object.hasOwn(settings, key) ? settings[key] : undefined
}

/** @param value - undefined removes it
 *  @throws {ConfigKeyError} CONFIG_KEY (exit 2) */
export async function setGlobalConfig(homeDir: string, key: string, value: string | undefined): Promise<void> {
  if (!isGlobalKey(key))
    throw new ConfigKeyError(key, `it cannot be set for all workspaces; ${GLOBAL_KEYS.join(', ')} and alias.NAME can`)
  const { [key]: _, ...others } = read(homeDir)
  const settings = value === undefined ? others : { ...others, [key]: value }
  if (!v.is(schema, settings)) throw new ConfigKeyError(key, 'its value is too long')
  await ensureDirectory(nodeFs, homeDir)
  await replaceFile(nodeFs, pathOf(homeDir), [utf8(`${JSON.stringify(settings, null, 2)}\n`)], { tmpDir: homeDir })
}

function read(homeDir: string): Record<string, string> {
  const path = pathOf(homeDir)
  let text: string
  try {
    text = fromUtf8(nodeFs.readFile(path, MAX_BYTES))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return {}
    if (error instanceof TypeError || isErrno(error, 'EFBIG'))
      throw new ConfigInvalidError(path, 'is not a settings file')
    throw error
  }
  try {
    return v.parse(schema, JSON.parse(text))
  } catch {
    throw new ConfigInvalidError(path, 'is not an object of texts')
  }
}

function pathOf(homeDir: string): string {
  return `${homeDir}/config.json`
}
