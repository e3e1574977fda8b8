/** `config`: settings of the workspace under dotted keys. */

import { type Config, parseConfig } from '../store/config.ts'
import type { Workspace } from '../store/workspace.ts'
import { ConfigKeyError } from './errors.ts'

const MAX_DEPTH = 4
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

type Node = { [key: string]: unknown }

/** The value as text, or undefined. */
export async function getConfig(workspace: Workspace, key: string): Promise<string | undefined> {
  let at: unknown = workspace.readConfig()
  for (const segment of segmentsOf(key)) at = isNode(at) && Object.hasOwn(at, segment) ? at[segment] : undefined
  return at === undefined || isNode(at) ? undefined : String(at)
}

/** @throws {ConfigKeyError} CONFIG_KEY (exit 2)
 *  @throws {ConfigInvalidError} STORE_CONFIG_INVALID (exit 2) if the key cannot have this value */
export async function setConfig(workspace: Workspace, key: string, value: string): Promise<void> {
  await change(workspace, key, (node, last) => {
    if (isNode(node[last])) throw new ConfigKeyError(key, 'it is a group of settings')
    node[last] = value
  })
}

/** @returns true if it was set */
export async function unsetConfig(workspace: Workspace, key: string): Promise<boolean> {
  let was = false
  await change(workspace, key, (node, last) => {
    was = Object.hasOwn(node, last)
    delete node[last]
  })
  return was
}

/** All settings, sorted by key. */
export async function listConfig(workspace: Workspace): Promise<{ key: string; value: string }[]> {
  const found: { key: string; value: string }[] = []
  const visit = (node: Node, prefix: string) => {
    for (const [name, value] of Object.entries(node)) {
      if (isNode(value)) visit(value, `${prefix}${name}.`)
      else found.push({ key: prefix + name, value: String(value) })
    }
  }
  visit(workspace.readConfig(), '')
  return found.sort((a, b) => (a.key < b.key ? -1 : 1))
}

async function change(workspace: Workspace, key: string, edit: (node: Node, last: string) => void): Promise<void> {
  const segments = segmentsOf(key)
  if (segments[0] === 'version') throw new ConfigKeyError(key, 'it belongs to the format and is not yours to set')
  await workspace.withLock('config', async () => {
    const config = structuredClone(workspace.readConfig()) as Node
    let node = config
    for (const segment of segments.slice(0, -1)) {
      const child = Object.hasOwn(node, segment) ? node[segment] : {}
      if (!isNode(child)) throw new ConfigKeyError(key, `${segment} is a setting, not a group`)
      node = node[segment] = child
    }
    edit(node, segments.at(-1)!)
    removeEmpty(config)
    await workspace.writeConfig(parseConfig(`${workspace.floeDir}/config.json`, config) as Config)
  })
}

function removeEmpty(node: Node): void {
  for (const [name, value] of Object.entries(node)) {
    if (!isNode(value)) continue
    removeEmpty(value)
    if (Object.keys(value).length === 0) delete node[name]
  }
}

/** Splits at dots. Of a branch's settings the middle is its name, which may hold dots itself. */
function segmentsOf(key: string): string[] {
  const branch = /^branches\.(.+)\.([^.]+)$/.exec(key)
  const segments = branch ? ['branches', branch[1]!, branch[2]!] : key.split('.')
  if (segments.some((segment) => segment === '' || FORBIDDEN.has(segment)) || segments.length > MAX_DEPTH)
    throw new ConfigKeyError(key, 'expected names joined by dots, such as user.name')
  return segments
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
