/** Remotes: local names for repositories. */

import { UsageError } from '../base/errors.ts'
import { parseAddress } from '../ledger/object-id.ts'
import type { RepositoryState } from '../ledger/repository-state.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { journalPath } from './import-journal.ts'
import { defaultRemote } from './reading-remote.ts'
import { openRemoteContext } from './remote-context.ts'
import { RemoteMissingError } from './remote-errors.ts'
import type { RemoteOptions } from './remote-options.ts'

export interface RemoteRecord {
  name: string
  network: string
  /** Object id. */
  repository: string
}

export interface RemoteDetails extends RemoteRecord {
  /** The repository's own name: a label. */
  label: string
  package: string
  refs: { name: string; commit: string; push: number }[]
  /** Those that were ever brought in. */
  packs: number
  /** Of these, what is stored: live, and live but proposed for removal. Null if there are too many to be looked at. */
  stored: { live: number; proposed: number } | null
  pushes: number
  endEpoch: number | null
}

export interface RepositoryAddress {
  network: string
  repository: string
  revision: string | null
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Splits `NETWORK:OBJECT_ID[@REVISION]`.
 *  @throws {UsageError} ADDRESS_MALFORMED */
export function parseRepositoryAddress(text: string): RepositoryAddress {
  const match = /^([a-z][a-z0-9-]{0,30}):(0x[0-9a-fA-F]{1,64})(?:@(.+))?$/.exec(text)
  if (!match)
    throw new UsageError('ADDRESS_MALFORMED', `"${text.slice(0, 120)}" is not the address of a repository`, {
      data: { text: text.slice(0, 120) },
      hints: ['Write NETWORK:OBJECT_ID[@REVISION], for example local:0x12ab…, as `floe remote show` prints it'],
    })
  return { network: match[1]!, repository: parseAddress(match[2]!), revision: match[3] ?? null }
}

/** @throws {UsageError} ADDRESS_MALFORMED, also for one with a revision */
export function parseRemoteAddress(address: string): Pick<RemoteRecord, 'network' | 'repository'> {
  return parseWholeAddress(address, 'the address of a remote names no revision')
}

/** Splits `NETWORK:OBJECT_ID`: of a verb that takes no part of a repository, and would do more than was asked.
 *  @throws {UsageError} ADDRESS_MALFORMED, also for one with a revision */
export function parseWholeAddress(
  address: string,
  why = 'this is about all of a repository, and takes no revision of it',
): Pick<RemoteRecord, 'network' | 'repository'> {
  const { network, repository, revision } = parseRepositoryAddress(address)
  if (revision === null) return { network, repository }
  throw new UsageError('ADDRESS_MALFORMED', why, { data: { address }, hints: [`Leave @${revision} out`] })
}

/** Names a repository; an existing name is an error.
 *  @throws {UsageError} REMOTE_EXISTS, REMOTE_NAME_MALFORMED, ADDRESS_MALFORMED */
export async function addRemote(dir: string, name: string, address: string): Promise<RemoteRecord> {
  await using workspace = await openWorkspace(dir)
  return workspace.withLock('remote add', async () => writeRemote(workspace, name, address))
}

/** Also for those who are about to pay for what the remote is to be the name of.
 *  @throws {UsageError} REMOTE_NAME_MALFORMED, REMOTE_EXISTS */
export function assertRemoteFree(workspace: Workspace, name: string): void {
  if (!NAME.test(name))
    throw new UsageError('REMOTE_NAME_MALFORMED', `"${name.slice(0, 80)}" cannot be the name of a remote`, {
      data: { name: name.slice(0, 80) },
    })
  const { remotes } = workspace.readConfig()
  if (remotes?.[name])
    throw new UsageError('REMOTE_EXISTS', `there is a remote called "${name}" already`, {
      data: { name, ...remotes[name] },
      hints: [`\`floe remote remove ${name}\` forgets it, \`floe remote set-url ${name}\` gives it another address`],
    })
  // What an import brought would count as seen in the packs of the remote.
  if (workspace.fs.stat(journalPath(workspace, name)))
    throw new UsageError('REMOTE_EXISTS', `"${name}" names what was imported`, {
      data: { name },
      hints: [`choose another name, or \`floe import --forget ${name}\``],
    })
}

/** Under the workspace lock. */
export async function writeRemote(workspace: Workspace, name: string, address: string): Promise<RemoteRecord> {
  const { network, repository } = parseRemoteAddress(address)
  assertRemoteFree(workspace, name)
  const config = workspace.readConfig()
  await workspace.writeConfig({
    ...config,
    remotes: { ...config.remotes, [name]: { network, repository: `${network}:${repository}` } },
  })
  return { name, network, repository }
}

export async function listRemotes(dir: string): Promise<RemoteRecord[]> {
  await using workspace = await openWorkspace(dir)
  const remotes = Object.keys(workspace.readConfig().remotes ?? {}).sort()
  return remotes.map((name) => readRemote(workspace, name))
}

/** @param name - none: the one that is meant where none is named
 *  @throws {RemoteMissingError} REMOTE_MISSING */
export function readRemote(workspace: Workspace, name = defaultRemote(workspace)): RemoteRecord {
  const remotes = workspace.readConfig().remotes ?? {}
  const entry = Object.hasOwn(remotes, name) ? remotes[name] : undefined
  if (!entry) throw new RemoteMissingError(name, Object.keys(remotes))
  // The address is written in full, so that it can be copied; a bare object id is read with the network beside it.
  const address = entry.repository.includes(':') ? entry.repository : `${entry.network}:${entry.repository}`
  const { network, repository } = parseRepositoryAddress(address)
  return { name, network, repository }
}

/** What a remote has, as the chain says now. */
export async function showRemote(
  dir: string,
  name: string | undefined,
  options: RemoteOptions,
): Promise<RemoteDetails> {
  await using workspace = await openWorkspace(dir)
  const remote = readRemote(workspace, name)
  const context = await openRemoteContext(remote.network, options)
  const reader = context.repository(remote.repository)
  const state = await reader.fetchState(options)
  const refs = await reader.fetchRefs(state, options)
  return {
    ...remote,
    label: state.name,
    package: state.packageId,
    refs: refs.map((ref) => ({ name: localRefName(ref.name), commit: ref.commit!, push: ref.push })),
    packs: state.packs.size,
    pushes: state.log.size,
    ...(await storedPacks(reader, state, options)),
  }
}

/** Of the first packs, if there are very many: what is stored of them, and the first epoch in which one ends. */
async function storedPacks(
  reader: ReturnType<Awaited<ReturnType<typeof openRemoteContext>>['repository']>,
  state: RepositoryState,
  options: RemoteOptions,
): Promise<Pick<RemoteDetails, 'stored' | 'endEpoch'>> {
  const count = Math.min(state.packs.size, MAX_PACKS_LOOKED_AT)
  const packs = await reader.fetchPacks(
    state,
    Array.from({ length: count }, (_, number) => number),
    options,
  )
  const stored = packs.filter((pack) => pack.state !== 'removed')
  const proposed = stored.filter((pack) => pack.state === 'removal-proposed').length
  return {
    stored: count < state.packs.size ? null : { live: stored.length - proposed, proposed },
    endEpoch: stored.length === 0 ? null : Math.min(...stored.map((pack) => pack.endEpoch)),
  }
}

const MAX_PACKS_LOOKED_AT = 2_000

/** `refs/heads/main` → `heads/main`, the name used in workspaces. */
export function localRefName(name: string): string {
  return name.replace(/^refs\//, '')
}

/** `heads/main` → `refs/heads/main`, the name used on chain. */
export function chainRefName(name: string): string {
  return `refs/${name}`
}
