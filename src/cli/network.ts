/** What every remote verb is given: keys, profiles, and the local network when it is the one addressed. */

import type { Command } from 'commander'
import { UsageError } from '../base/errors.ts'
import { localNetworkProfile } from '../repo/local-profile.ts'
import type { OnProgress } from '../repo/progress.ts'
import { defaultRemote } from '../repo/reading-remote.ts'
import type { RemoteOptions } from '../repo/remote-options.ts'
import type { Workspace } from '../store/workspace.ts'
import { repeated } from './arguments.ts'
import type { Context } from './context.ts'

/** Options that every remote verb understands. */
export interface NetworkFlags {
  key?: string
  trustPackage?: string[]
  aggregator?: string
}

/** For verbs that read packs. */
export function addAggregatorFlag(command: Command): Command {
  return command.option(
    '--aggregator <url>',
    'read packs from this aggregator instead of the nodes; all of it is checked',
  )
}

export function addNetworkFlags(command: Command): Command {
  return command
    .option('--key <file-or-alias>', 'key that signs (default: FLOE_KEY, else the chosen one)')
    .option('--trust-package <id>', 'accept repositories of this floe package as well (repeatable)', repeated)
}

/** An address of a server as typed.
 *  @throws {UsageError} URL_MALFORMED */
export function httpAddress(text: string | undefined, option: string): string | undefined {
  if (text === undefined) return undefined
  const protocol = URL.canParse(text) ? new URL(text).protocol : ''
  if (protocol === 'http:' || protocol === 'https:') return text
  throw new UsageError('URL_MALFORMED', `${option} expected an http or https address, got "${text.slice(0, 200)}"`)
}

/** Network of an address `NETWORK:OBJECT_ID[@REVISION]`. */
export function networkOfAddress(address: string): string {
  const match = /^([a-z][a-z0-9-]{0,30}):0x[0-9a-fA-F]{1,64}(@.+)?$/.exec(address)
  if (!match)
    throw new UsageError('ADDRESS_MALFORMED', `"${address}" is not the address of a repository`, {
      hints: ['write NETWORK:OBJECT_ID, for example local:0x12ab…, as `floe remote show` prints it'],
    })
  return match[1]!
}

/** Network of a workspace's remote; undefined if the workspace has none of that name.
 *  @param remote - none: the one that is meant where none is named */
export async function networkOfRemote(
  workspace: Workspace,
  remote = defaultRemote(workspace),
): Promise<string | undefined> {
  const remotes = workspace.readConfig().remotes ?? {}
  // Not by a key of the configuration: a name may have dots.
  const entry = Object.hasOwn(remotes, remote) ? remotes[remote] : undefined
  return entry && (entry.repository.includes(':') ? networkOfAddress(entry.repository) : entry.network)
}

/** Runs `work` with the options of a remote verb. The local network is started if it is the one addressed, and kept
 *  alive by a lease until the work is done. */
export async function withNetwork<T>(
  context: Context,
  network: string | undefined,
  flags: NetworkFlags,
  work: (options: RemoteOptions) => Promise<T>,
  onProgress?: OnProgress,
): Promise<T> {
  const { options, release } = await openNetwork(context, network, flags, onProgress)
  try {
    return await work(options)
  } finally {
    await release()
  }
}

/** The same for work that does not fit into one function: who opens it releases it. */
export async function openNetwork(
  context: Context,
  network: string | undefined,
  flags: NetworkFlags,
  onProgress?: OnProgress,
): Promise<{ options: RemoteOptions; release(): Promise<void> }> {
  const base: RemoteOptions = {
    homeDir: context.homeDir,
    key: keySource(context, flags.key),
    trustPackages: flags.trustPackage,
    aggregator: httpAddress(flags.aggregator, '--aggregator'),
    signal: context.signal,
    onProgress,
  }
  if (network !== 'local') return { options: base, release: async () => {} }
  const { ensureLocalNetwork } = await import('../localnet/daemon.ts')
  const lease = await ensureLocalNetwork({ dataDir: context.homeDir })
  return { options: { ...base, networks: [localNetworkProfile(lease.info)] }, release: () => lease.release() }
}

function keySource(context: Context, flag: string | undefined): RemoteOptions['key'] {
  if (flag !== undefined) return /[/\\.]/.test(flag) ? { $kind: 'file', path: flag } : { $kind: 'alias', name: flag }
  return context.secretKey === undefined ? undefined : { $kind: 'secret', secret: context.secretKey }
}
