/** Network profiles: built in, given by the caller, or a JSON file of one's own under `<home>/networks/<name>.json`. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BUILT_IN_NETWORKS, findNetwork, type NetworkProfile, parseNetworkProfile } from '../ledger/networks.ts'

const MAX_PROFILE_BYTES = 64 * 1024

/** All profiles by name; the caller's win over files, files over the built-in ones. */
export async function listNetworks(
  homeDir: string,
  given: readonly NetworkProfile[] = [],
): Promise<readonly NetworkProfile[]> {
  const byName = new Map<string, NetworkProfile>()
  for (const profile of [...BUILT_IN_NETWORKS, ...(await readProfileFiles(homeDir)), ...given])
    byName.set(profile.name, profile)
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** @throws {UsageError} NETWORK_UNKNOWN, NETWORK_PROFILE_MALFORMED */
export async function readNetworkProfile(
  homeDir: string,
  name: string,
  given: readonly NetworkProfile[] = [],
): Promise<NetworkProfile> {
  const found = given.find((profile) => profile.name === name)
  return found ?? findNetwork(name, await readProfileFiles(homeDir))
}

async function readProfileFiles(homeDir: string): Promise<NetworkProfile[]> {
  const dir = join(homeDir, 'networks')
  let names: string[]
  try {
    names = await readdir(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const profiles: NetworkProfile[] = []
  for (const name of names.filter((entry) => entry.endsWith('.json')).sort())
    profiles.push(parseNetworkProfile(await readProfileFile(join(dir, name))))
  return profiles
}

async function readProfileFile(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8')
  if (text.length > MAX_PROFILE_BYTES) return undefined
  try {
    return JSON.parse(text)
  } catch {
    // The schema check says what is wrong with it, in one place.
    return undefined
  }
}
