/** The settings that Floe knows: what they may be, and which value holds. What a workspace sets comes before what is set for
 *  all, and that before what Floe does by itself. */

import { UsageError } from '../base/errors.ts'
import { findNetwork } from '../ledger/networks.ts'
import { getConfig, listConfig } from '../repo/config.ts'
import { ConfigKeyError } from '../repo/errors.ts'
import { STORE_LIMIT_KEY } from '../repo/evict.ts'
import { getGlobalConfig, isGlobalKey, listGlobalConfig } from '../repo/global-config.ts'
import { IN_PLACE_KEY, parseInPlace } from '../repo/in-place.ts'
import { listNetworks } from '../repo/network-profiles.ts'
import { DEFAULT_NETWORK_KEY, FALLBACK_NETWORK } from '../repo/network-use.ts'
import { parseSize } from '../repo/size.ts'
import { NotAWorkspaceError } from '../store/errors.ts'
import type { Workspace } from '../store/workspace.ts'
import { assertAlias } from './aliases.ts'
import { duration } from './arguments.ts'
import type { Context } from './context.ts'
import { DEFAULT_HOOK_TIMEOUT, HOOK_TIMEOUT_KEY } from './hooks.ts'
import { REGISTRY } from './registry.ts'
import { inWorkspace } from './workspace.ts'

export type Origin = 'workspace' | 'global' | 'default'

export interface Setting {
  key: string
  value: string
  origin: Origin
}

interface Known {
  /** What it may be, as a hint. */
  allowed: string
  /** What holds where nothing is set. */
  fallback?: string
  /** Throws for what it cannot be. */
  check?(text: string, homeDir: string): unknown
}

const size = 'a size: bytes, or 20GiB and the like'
const PERSON: Known = {
  allowed: 'a text without < and >',
  check(text) {
    if (/[<>\p{Cc}]/u.test(text)) throw new UsageError('CONFIG_VALUE', 'it cannot be part of an author')
  },
}

const KNOWN: Readonly<Record<string, Known>> = {
  'user.name': PERSON,
  'user.email': PERSON,
  'user.address': PERSON,
  [STORE_LIMIT_KEY]: { allowed: size, check: parseSize },
  [IN_PLACE_KEY]: { allowed: `${size}, of at least 1MiB`, check: parseInPlace },
  [HOOK_TIMEOUT_KEY]: {
    allowed: 'a time such as 30s, 10 minutes or 2h',
    fallback: DEFAULT_HOOK_TIMEOUT,
    check: (text) => duration(text, HOOK_TIMEOUT_KEY),
  },
  [DEFAULT_NETWORK_KEY]: {
    allowed: 'a network that `floe network list` prints',
    fallback: FALLBACK_NETWORK,
    async check(text, homeDir) {
      if (text !== FALLBACK_NETWORK) findNetwork(text, await listNetworks(homeDir))
    },
  },
}

const known = (key: string): Known | undefined => (Object.hasOwn(KNOWN, key) ? KNOWN[key] : undefined)

/** @throws {UsageError} CONFIG_VALUE, CONFIG_KEY, ALIAS_MALFORMED (exit 2)
 *  @returns what should be said though it may be set */
export async function checkSetting(
  context: Context,
  { key, value, global = false }: { key: string; value: string; global?: boolean | undefined },
): Promise<string[]> {
  const alias = /^alias\.(.*)$/s.exec(key)
  if (alias) assertAlias(alias[1]!, value, (word) => Object.hasOwn(REGISTRY, word))
  if (key === DEFAULT_NETWORK_KEY && !global)
    throw new ConfigKeyError(key, 'it holds for all workspaces: set it with --global, or with `floe network use`')
  const setting = known(key)
  try {
    await setting?.check?.(value, context.homeDir)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError('CONFIG_VALUE', `${key} cannot be "${value.slice(0, 100)}"`, {
      data: { key, value: value.slice(0, 100) },
      hints: [`it is ${setting!.allowed}`],
      cause: error,
    })
  }
  const isKnown = setting || alias || /^(remotes|branches)\./.test(key)
  return isKnown ? [] : [`Floe has no setting ${key}; it has ${Object.keys(KNOWN).join(', ')} and alias.NAME`]
}

/** The value that holds, and who says so; undefined if nobody does. Outside a workspace, what is set for all. */
export async function effectiveSetting(context: Context, key: string): Promise<Setting | undefined> {
  const own =
    key === DEFAULT_NETWORK_KEY ? undefined : await inAnyWorkspace(context, (workspace) => getConfig(workspace, key))
  if (own !== undefined) return { key, value: own, origin: 'workspace' }
  const global = isGlobalKey(key) ? getGlobalConfig(context.homeDir, key) : undefined
  if (global !== undefined) return { key, value: global, origin: 'global' }
  const fallback = known(key)?.fallback
  return fallback === undefined ? undefined : { key, value: fallback, origin: 'default' }
}

/** All that hold, sorted by key. */
export async function effectiveSettings(context: Context): Promise<Setting[]> {
  const own = (await inAnyWorkspace(context, listConfig)) ?? []
  const global = listGlobalConfig(context.homeDir)
  const keys = new Set([...own, ...global].map(({ key }) => key))
  for (const [key, { fallback }] of Object.entries(KNOWN)) if (fallback !== undefined) keys.add(key)
  const settings: Setting[] = []
  for (const key of [...keys].sort()) {
    const setting = await effectiveSetting(context, key)
    if (setting) settings.push(setting)
  }
  return settings
}

async function inAnyWorkspace<T>(context: Context, work: (workspace: Workspace) => Promise<T>): Promise<T | undefined> {
  try {
    return await inWorkspace(context, work)
  } catch (error) {
    if (error instanceof NotAWorkspaceError) return undefined
    throw error
  }
}
