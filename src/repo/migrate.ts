/** `package migrate`: moves one repository to a later version of its package. From then on the earlier ones refuse it, and
 *  calls go to the new one. Its data, refs and rules stay where they are. */

import * as repositoryCalls from '../ledger/bindings/floe/repository.ts'
import { findAdminCap } from './access.ts'
import { assertConfirmed } from './package-policy.ts'
import { openRemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { placeOf } from './repository-place.ts'

export interface MigrateResult {
  $kind: 'migrated' | 'up-to-date'
  network: string
  repository: string
  /** Contract versions. */
  from: number
  to: number
  packageId: string
  digest: string | null
}

/** Administrators only. To the latest version that the profile trusts.
 *  @throws {AuthError} ACCESS_NOT_ADMIN */
export async function migrateRepository(
  dir: string,
  options: RemoteOptions & { remote?: string | undefined; yes?: boolean | undefined },
): Promise<MigrateResult> {
  const place = await placeOf(dir, options.remote)
  const context = await openRemoteContext(place.network, options)
  const state = await context.repository(place.repository).fetchState(options)
  const target = (context.profile.floeUpgrades ?? [])
    .filter(({ originalId, contract }) => originalId === state.originalPackageId && contract > state.version)
    .reduce<{ packageId: string; contract: number } | null>(
      (best, one) => (best && best.contract > one.contract ? best : one),
      null,
    )
  const from = state.version
  const facts = { network: place.network, repository: place.repository, from }
  if (!target) return { $kind: 'up-to-date', ...facts, to: from, packageId: state.packageId, digest: null }
  assertConfirmed(context, 'migrating a repository', { ...options, network: place.network })
  const signer = await context.signer()
  const cap = await findAdminCap(context, state, signer.address)
  const { digest } = await context.ledger.execute(
    (transaction) => {
      repositoryCalls.migrate(transaction, target.packageId, { self: place.repository, cap })
    },
    signer,
    options.signal ? { signal: options.signal } : {},
  )
  return { $kind: 'migrated', ...facts, to: target.contract, packageId: target.packageId, digest }
}
