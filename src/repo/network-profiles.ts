/** Network profiles: built in, given by the caller, or a JSON file of one's own under `<home>/networks/<name>.json`. */

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../base/errors.ts'
import { BUILT_IN_NETWORKS, findNetwork, type NetworkProfile, parseNetworkProfile } from '../ledger/networks.ts'
import { withDeployments } from './deployments.ts'

const MAX_PROFILE_BYTES = 64 * 1024

/** All profiles by name; the caller's win over files, files over the built-in ones. Packages that the user has published
 *  are trusted with them.
 *  @throws {UsageError} NETWORK_PROFILE_MALFORMED naming the file */
export async function listNetworks(
  homeDir: string,
  given: readonly NetworkProfile[] = [],
): Promise<readonly NetworkProfile[]> {
  const byName = new Map<string, NetworkProfile>()
  for (const profile of [...BUILT_IN_NETWORKS, ...(await readProfileFiles(homeDir)), ...given])
    byName.set(profile.name, profile)
  const profiles = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  return Promise.all(profiles.map((profile) => withDeployments(homeDir, profile)))
}

/** Other profiles are not read: what is wrong with them is not this one's matter.
 *  @throws {UsageError} NETWORK_UNKNOWN, NETWORK_PROFILE_MALFORMED */
export async function readNetworkProfile(
  homeDir: string,
  name: string,
  given: readonly NetworkProfile[] = [],
): Promise<NetworkProfile> {
  const found = given.find((profile) => profile.name === name) ?? (await readOwnProfile(homeDir, name))
  return withDeployments(homeDir, found ?? findNetwork(name))
}

async function readOwnProfile(homeDir: string, name: string): Promise<NetworkProfile | undefined> {
  const dir = join(homeDir, 'networks')
  const file = `${name}.json`
  // Only names that a folder listing gives are opened, so a name never leads elsewhere.
  if (!(await profileFileNames(dir)).includes(file)) return undefined
  return readProfile(dir, file)
}

async function readProfileFiles(homeDir: string): Promise<NetworkProfile[]> {
  const dir = join(homeDir, 'networks')
  const profiles: NetworkProfile[] = []
  for (const file of await profileFileNames(dir)) profiles.push(await readProfile(dir, file))
  return profiles
}

async function profileFileNames(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).filter((entry) => entry.endsWith('.json')).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function readProfile(dir: string, file: string): Promise<NetworkProfile> {
  const path = join(dir, file)
  return checkedName(parseNetworkProfile(await readProfileFile(path), path), dir, file)
}

/** A profile called otherwise than its file would take another one's place unseen. */
function checkedName(profile: NetworkProfile, dir: string, file: string): NetworkProfile {
  if (`${profile.name}.json` === file) return profile
  throw new UsageError(
    'NETWORK_PROFILE_MALFORMED',
    `network profile ${join(dir, file)}: it is called "${profile.name}"`,
    {
      data: { field: 'name', file: join(dir, file) },
      hints: [`Name the file ${profile.name}.json`],
    },
  )
}

async function readProfileFile(path: string): Promise<unknown> {
  const malformed = (why: string, cause?: unknown) =>
    new UsageError('NETWORK_PROFILE_MALFORMED', `network profile ${path}: ${why}`, {
      data: { field: '', file: path },
      hints: ['Compare the file with the output of `floe network list --json`, or delete it'],
      cause,
    })
  const facts = await stat(path)
  if (!facts.isFile()) throw malformed('it is not a file')
  if (facts.size > MAX_PROFILE_BYTES) throw malformed(`it is longer than ${MAX_PROFILE_BYTES} bytes`)
  const text = await readFile(path, 'utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw malformed('it is not JSON', error)
  }
}
