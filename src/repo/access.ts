/** Who may push, attest and revoke. Changes need the admin capability that creating the repository gave. */

import { UsageError } from '../base/errors.ts'
import { AuthError } from '../ledger/errors.ts'
import { parseAddress } from '../ledger/object-id.ts'
import type { RepositoryState } from '../ledger/repository-state.ts'
import { addRoles, ROLES, type Role } from '../ledger/transactions/repository.ts'
import { openWorkspace } from '../store/workspace.ts'
import { readRemote } from './remote.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'

export interface AccessChange {
  address: string
  role: Role
  digest: string
  /** False: it was so before, and there is nothing to take back. */
  changed: boolean
}

export interface AccessEntry {
  address: string
  roles: Role[]
}

type AccessOptions = RemoteOptions & { address: string; role: string; remote?: string | undefined }

export function grantAccess(dir: string, options: AccessOptions): Promise<AccessChange> {
  return changeAccess(dir, 'grant', options)
}

export function revokeAccess(dir: string, options: AccessOptions): Promise<AccessChange> {
  return changeAccess(dir, 'revoke', options)
}

async function changeAccess(dir: string, change: 'grant' | 'revoke', options: AccessOptions): Promise<AccessChange> {
  const role = parseRole(options.role)
  const address = parseAddress(options.address)
  await using workspace = await openWorkspace(dir)
  const remote = readRemote(workspace, options.remote)
  const context = await openRemoteContext(remote.network, options)
  const state = await context.repository(remote.repository).fetchState(options)
  const signer = await context.signer()
  const adminCap = await findAdminCap(context, state, signer.address)
  const { digest } = await context.ledger.execute(
    (transaction) => {
      addRoles(transaction, state.packageId, change, {
        repository: remote.repository,
        adminCap,
        address,
        roles: ROLES[role],
      })
    },
    signer,
    options.signal ? { signal: options.signal } : {},
  )
  // Sent in any case: an end point that lags behind does not keep anybody's role from being taken.
  const had = ((state.roles.get(address) ?? 0) & ROLES[role]) !== 0
  return { address, role, digest, changed: had === (change === 'revoke') }
}

/** Addresses with roles, as the chain says now. */
export async function listAccess(
  dir: string,
  options: RemoteOptions & { remote?: string | undefined },
): Promise<{ repository: string; network: string; entries: AccessEntry[] }> {
  await using workspace = await openWorkspace(dir)
  const remote = readRemote(workspace, options.remote)
  const context = await openRemoteContext(remote.network, options)
  const state = await context.repository(remote.repository).fetchState(options)
  const entries = [...state.roles].map(([address, sum]) => ({
    address,
    roles: (Object.keys(ROLES) as Role[]).filter((role) => (sum & ROLES[role]) !== 0),
  }))
  return { repository: remote.repository, network: remote.network, entries }
}

function parseRole(text: string): Role {
  if (Object.hasOwn(ROLES, text)) return text as Role
  throw new UsageError('ROLE_UNKNOWN', `there is no role "${text}"`, {
    data: { role: text },
    hints: [`Roles: ${Object.keys(ROLES).join(', ')}`],
  })
}

/** The capability by which a key administers a repository.
 *  @throws {AuthError} ACCESS_NOT_ADMIN */
export async function findAdminCap(
  context: RemoteContext,
  { id: repository, originalPackageId, admins }: RepositoryState,
  owner: string,
): Promise<string> {
  const type = `${originalPackageId}::repository::AdminCap`
  const caps = await context.ledger.fetchOwnedObjects(owner, type, MAX_CAPS)
  const cap = caps.find(({ id }) => admins.includes(id))
  if (cap) return cap.id
  throw new AuthError('ACCESS_NOT_ADMIN', `${owner} does not administer repository ${repository}`, {
    data: { repository, address: owner },
    hints: ['Use the key that created the repository with --key'],
  })
}

const MAX_CAPS = 1_000
