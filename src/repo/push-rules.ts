/** What a push may do before it does anything: where it may go, what it may spend, for how long it stores. */

import { UsageError } from '../base/errors.ts'
import { AuthError } from '../ledger/errors.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import type { Workspace } from '../store/workspace.ts'
import type { PushOptions } from './push.ts'
import { assertRemoteFree, readRemote } from './remote.ts'
import type { RemoteContext } from './remote-context.ts'
import { PushRefusedError, RemoteMissingError } from './remote-errors.ts'

const DEFAULT_EPOCHS = 26

/** Where a push goes: to the workspace's remote, or to a repository that it is to create. */
export function findPlace(
  workspace: Workspace,
  remoteName: string,
  options: PushOptions,
): { network: string; repository: string | null } {
  const remotes = Object.keys(workspace.readConfig().remotes ?? {})
  if (remotes.includes(remoteName)) {
    if (options.create)
      throw new UsageError('REMOTE_EXISTS', `the workspace has a repository called "${remoteName}" already`, {
        data: { remote: remoteName },
        hints: ['Push without --create, or choose another name with --remote'],
      })
    return readRemote(workspace, remoteName)
  }
  if (options.create) {
    assertRemoteFree(workspace, remoteName)
    return { network: options.create.network, repository: null }
  }
  if (options.dryRun) return { network: 'local', repository: null }
  throw new RemoteMissingError(remoteName, remotes)
}

/** Rules for spending real money (DESIGN §9) and for publishing (§10). */
export function assertAllowed(context: RemoteContext, creating: boolean, options: PushOptions): void {
  if (context.profile.local || options.dryRun) return
  const network = context.profile.name
  if (creating && !options.isPublic)
    throw new UsageError('PUSH_PUBLIC_UNSAID', `everything pushed to ${network} can be read by anyone`, {
      data: { network },
      hints: ['Say that this is meant with --public; encryption is not there yet'],
    })
  if (!options.yes || options.maxWal === undefined)
    throw new UsageError('PUSH_LIMIT_MISSING', `a push to ${network} spends WAL: it needs --yes and --max-wal`, {
      data: { network },
      hints: ['See the cost with `floe push --dry-run`, then repeat with --yes --max-wal AMOUNT'],
    })
  if (context.profile.floePackageIds.length === 0 && creating)
    throw new PushRefusedError('usage', 'FLOE_PACKAGE_UNKNOWN', `no floe package is known on ${network}`, {
      data: { network },
      hints: ['Name one in a network profile (floePackageIds)'],
    })
}

/** Epochs of storage to buy. */
export function epochsOf(asked: number | undefined, state: WalrusState): number {
  const epochs = asked ?? Math.min(DEFAULT_EPOCHS, state.maxEpochsAhead)
  if (Number.isInteger(epochs) && epochs >= 1 && epochs <= state.maxEpochsAhead) return epochs
  throw new UsageError('WALRUS_EPOCHS_OUT_OF_RANGE', `epochs must be 1 to ${state.maxEpochsAhead}, got ${epochs}`, {
    data: { epochs, max: state.maxEpochsAhead },
  })
}

/** A dry run works without a key, but then it cannot know which packs would be folded. */
export async function pusherAddress(context: RemoteContext, isDryRun: boolean): Promise<string> {
  try {
    return (await context.signer()).address
  } catch (error) {
    if (isDryRun && error instanceof AuthError) return ''
    throw error
  }
}
