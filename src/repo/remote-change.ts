/** `remote remove`, `rename` and `set-url`: all that hangs on the name of a remote goes with it, which is its branches here
 *  with their logs, what is remembered of it, and which branches follow it. What a push has begun is known by the
 *  repository and not by the name: as long as there is such a thing, the name stays. */

import { FloeError, UsageError } from '../base/errors.ts'
import { discard, replaceFile } from '../store/atomic-file.ts'
import type { Config } from '../store/config.ts'
import type { RefRecord } from '../store/refs.ts'
import type { Workspace } from '../store/workspace.ts'
import { findUnfinishedPushes } from '../transfer/push-journal.ts'
import { journalPath } from './import-journal.ts'
import { assertRemoteFree, parseRemoteAddress, type RemoteRecord, readRemote } from './remote.ts'
import { RemoteMissingError } from './remote-errors.ts'
import { REMOTE_FOLDERS, remoteFile } from './remote-files.ts'
import { upstreamName } from './upstream.ts'

export interface RemovedRemote {
  name: string
  /** NETWORK:OBJECT_ID; null if only branches of the name were left. */
  address: string | null
  /** Branches that followed it, and what: `origin/main`. */
  followers: { branch: string; upstream: string }[]
  /** Its branches here that are gone: `remotes/origin/main`. */
  refs: string[]
}

/** Forgets a remote, and what is known of it. The repository itself is not touched. Also branches that a bundle brought
 *  under the name, or a renaming that was cut off.
 *  @throws {RemoteMissingError} REMOTE_MISSING (exit 2)
 *  @throws {FloeError} REMOTE_PUSH_UNFINISHED (exit 1) */
export async function removeRemote(workspace: Workspace, name: string): Promise<RemovedRemote> {
  return workspace.withLock('remote remove', async () => {
    const config = workspace.readConfig()
    const isKnown = Object.hasOwn(config.remotes ?? {}, name)
    const refs = trackingRefs(workspace, name)
    if (workspace.fs.stat(journalPath(workspace, name)))
      throw new UsageError('REMOTE_MISSING', `"${name}" names what was imported`, {
        data: { name },
        hints: [`\`floe import --forget ${name}\` takes it back`],
      })
    if (!isKnown && refs.length === 0) throw new RemoteMissingError(name, Object.keys(config.remotes ?? {}))
    const address = isKnown ? await unpushed(workspace, name, 'remove') : null
    const followers = followersOf(config, name)
    await forget(workspace, name, refs, 'remote: removed')
    // Last: what was cut off before is finished by repeating it.
    const { [name]: _, ...remotes } = config.remotes ?? {}
    const branches = Object.entries(config.branches ?? {}).filter(([, { remote }]) => remote !== name)
    await workspace.writeConfig(withGroups(config, remotes, Object.fromEntries(branches)))
    return { name, address, followers, refs: refs.map((ref) => ref.name) }
  })
}

/** The new name gets copies first, and the old one goes when the configuration has changed.
 *  @throws {RemoteMissingError} REMOTE_MISSING (exit 2)
 *  @throws {UsageError} REMOTE_EXISTS, REMOTE_NAME_MALFORMED (exit 2)
 *  @throws {FloeError} REMOTE_PUSH_UNFINISHED (exit 1) */
export async function renameRemote(
  workspace: Workspace,
  { from, to }: { from: string; to: string },
): Promise<{ from: string; to: string; refs: string[] }> {
  return workspace.withLock('remote rename', async () => {
    const config = workspace.readConfig()
    const { [from]: entry, ...others } = config.remotes ?? {}
    const refs = trackingRefs(workspace, from)
    const renamed = refs.map(({ name, id }) => ({ from: name, to: name.replace(`/${from}/`, () => `/${to}/`), id }))
    const reason = `remote: renamed ${from} to ${to}`
    const result = { from, to, refs: renamed.map((ref) => ref.to) }
    const isDone = !entry && Object.hasOwn(others, to) && renamed.length > 0
    if (isDone && renamed.every((ref) => workspace.refs.read(ref.to) === ref.id)) {
      // Cut off when all was renamed, and the old name not yet forgotten.
      await forget(workspace, from, refs, reason)
      return result
    }
    await unpushed(workspace, from, 'rename')
    assertRemoteFree(workspace, to)
    const known = new Map(renamed.map((ref) => [ref.to, ref.id]))
    // Those that are the same were left by a renaming that was cut off.
    const strange = trackingRefs(workspace, to).find(({ name, id }) => known.get(name) !== id)
    if (strange)
      throw new UsageError('REMOTE_EXISTS', `there are branches under the name "${to}" already: ${strange.name}`, {
        data: { name: to, ref: strange.name },
        hints: [`choose another name, or forget them with \`floe remote remove ${to}\``],
      })
    for (const ref of renamed) await workspace.refs.copy(ref.from, ref.to, reason)
    await copyMemory(workspace, from, to)
    const branches = { ...followingByName(workspace, from), ...config.branches }
    for (const [branch, follows] of Object.entries(branches))
      if (follows.remote === from) branches[branch] = { ...follows, remote: to }
    await workspace.writeConfig(withGroups(config, { ...others, [to]: entry! }, branches))
    await forget(workspace, from, refs, reason)
    return result
  })
}

/** Gives a remote another address. Of another repository nothing that was known is true any more: a push would leave out
 *  what it takes to be there.
 *  @throws {RemoteMissingError} REMOTE_MISSING (exit 2)
 *  @throws {UsageError} ADDRESS_MALFORMED (exit 2)
 *  @throws {FloeError} REMOTE_PUSH_UNFINISHED (exit 1) */
export async function setRemoteAddress(
  workspace: Workspace,
  name: string,
  address: string,
): Promise<RemoteRecord & { before: string; refs: string[] }> {
  return workspace.withLock('remote set-url', async () => {
    const next = parseRemoteAddress(address)
    const config = workspace.readConfig()
    const before = addressOf(readRemote(workspace, name))
    const text = addressOf(next)
    if (text === before) return { name, ...next, before, refs: [] }
    await unpushed(workspace, name, 'set-url')
    const refs = trackingRefs(workspace, name)
    await forget(workspace, name, refs, 'remote: another repository')
    const entry = { ...config.remotes?.[name], network: next.network, repository: text }
    await workspace.writeConfig({ ...config, remotes: { ...config.remotes, [name]: entry } })
    return { name, ...next, before, refs: refs.map((ref) => ref.name) }
  })
}

const addressOf = ({ network, repository }: Pick<RemoteRecord, 'network' | 'repository'>) => `${network}:${repository}`

function trackingRefs(workspace: Workspace, remote: string): RefRecord[] {
  return workspace.refs.list(`remotes/${remote}/`)
}

/** What has paid for nothing may be forgotten.
 *  @returns the address of the remote, to whose repository no push has been left unfinished */
async function unpushed(workspace: Workspace, name: string, verb: string): Promise<string> {
  const remote = readRemote(workspace, name)
  for (const { path, steps } of await findUnfinishedPushes(`${workspace.floeDir}/pushes`)) {
    const [started] = steps
    if (started?.$kind !== 'started') continue
    if (started.network !== remote.network || started.repository !== remote.repository) continue
    const hasPaid = steps.some((step) => step.$kind === 'registered')
    if (!hasPaid && !workspace.isFileLocked(`${path}.lock`)) continue
    const ref = started.ref.replace(/^heads\//, '')
    const to = name === 'origin' ? '' : ` --remote ${name}`
    throw new FloeError('other', 'REMOTE_PUSH_UNFINISHED', `a push of ${ref} to ${name} was begun and not finished`, {
      data: { remote: name, verb, ref: started.ref },
      hints: [`finish it with \`floe push ${ref}${to}\`, or give it up with \`floe push --abort\``],
    })
  }
  return addressOf(remote)
}

/** Branches that follow the one of their name without being told to, as they do with `origin` only. */
function followingByName(workspace: Workspace, remote: string): NonNullable<Config['branches']> {
  const names = workspace.refs.list('heads/').map(({ name }) => name.slice('heads/'.length))
  const followed = names.filter((name) => upstreamName(workspace, name) === `${remote}/${name}`)
  return Object.fromEntries(followed.map((name) => [name, { remote, ref: `heads/${name}` }]))
}

function followersOf({ branches = {} }: Config, name: string): RemovedRemote['followers'] {
  return Object.entries(branches)
    .filter(([, { remote }]) => remote === name)
    .map(([branch, { ref }]) => ({ branch, upstream: `${name}/${ref.replace(/^heads\//, '')}` }))
}

async function forget(workspace: Workspace, name: string, refs: readonly RefRecord[], reason: string): Promise<void> {
  for (const ref of refs) await workspace.refs.update({ name: ref.name, next: null, reason })
  for (const folder of REMOTE_FOLDERS) discard(workspace.fs, remoteFile(workspace, folder, name))
}

async function copyMemory(workspace: Workspace, from: string, to: string): Promise<void> {
  const { fs, tmpDir } = workspace
  for (const folder of REMOTE_FOLDERS) {
    const target = remoteFile(workspace, folder, to)
    const bytes = fs.stat(remoteFile(workspace, folder, from))?.bytes
    if (bytes === undefined) discard(fs, target)
    else await replaceFile(fs, target, [fs.readFile(remoteFile(workspace, folder, from), bytes)], { tmpDir })
  }
}

/** Groups without a member are left out, as if nothing had ever been in them. */
function withGroups(
  config: Config,
  remotes: NonNullable<Config['remotes']>,
  branches: NonNullable<Config['branches']>,
): Config {
  const { remotes: _, branches: __, ...rest } = config
  return {
    ...rest,
    ...(Object.keys(remotes).length > 0 ? { remotes } : {}),
    ...(Object.keys(branches).length > 0 ? { branches } : {}),
  }
}
