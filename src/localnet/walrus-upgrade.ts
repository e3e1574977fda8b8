/** Walrus moves on to its next package, as mainnet does now and then: the upgrade is published, the shared objects learn its
 *  id, and from then on the package of before refuses every call that a storage client makes. */

import { Transaction } from '@mysten/sui/transactions'
import { toBase64 } from '@mysten/sui/utils'
import { equalBytes, fromHex } from '../base/bytes.ts'
import { InternalError } from '../base/errors.ts'
import { loadNextWalrus, relocatePackage } from '../move/packages.ts'
import { currentWalrus, type NetworkIds } from './genesis.ts'
import { type LedgerHandle, SYSTEM_ADDRESS } from './ledger/index.ts'
import { packageDigest } from './ledger/ptb-publish.ts'

const UPGRADE_CAP = `0x${'2'.padStart(64, '0')}::package::UpgradeCap`
/** In the capability, behind its own id. */
const PACKAGE_AT = { from: 32, to: 64 }

/** @returns id of the package that is called from now on */
export async function upgradeWalrus(ledger: LedgerHandle, ids: NetworkIds): Promise<string> {
  const before = currentWalrus(ledger, ids)
  const { modules, dependencies } = relocatePackage(loadNextWalrus(), { walrus: '0x0' })
  const bytes = modules.map((module) => module.bytes)
  const tx = new Transaction()
  const [cap, system, staking] = [upgradeCap(ledger, before), ids.systemObjectId, ids.stakingObjectId].map((id) =>
    tx.object(id),
  )
  const ticket = tx.moveCall({
    target: '0x2::package::authorize_upgrade',
    arguments: [cap!, tx.pure.u8(0), tx.pure.vector('u8', [...packageDigest(bytes, dependencies)])],
  })
  const receipt = tx.upgrade({
    modules: bytes.map((module) => toBase64(module)),
    dependencies: [...dependencies],
    package: before,
    ticket,
  })
  tx.moveCall({
    target: `${before}::genesis::commit_upgrade`,
    arguments: [tx.object(ids.adminCapId), cap!, system!, staking!, receipt],
  })
  const { changed } = await ledger.executeAs(SYSTEM_ADDRESS, tx.getData())
  const next = changed.find(({ type }) => type === 'package')?.id
  if (!next) throw new InternalError('LOCALNET_UPGRADE', 'the upgrade made no package')
  const migration = new Transaction()
  migration.moveCall({
    target: `${next}::init::migrate_v2`,
    arguments: [migration.object(ids.stakingObjectId), migration.object(ids.systemObjectId)],
  })
  await ledger.executeAs(SYSTEM_ADDRESS, migration.getData())
  return next
}

function upgradeCap(ledger: LedgerHandle, packageId: string): string {
  const wanted = fromHex(packageId.slice(2))
  const cap = ledger
    .ownedObjects(SYSTEM_ADDRESS, UPGRADE_CAP)
    .find(
      ({ data }) => data.kind === 'move' && equalBytes(data.contents.subarray(PACKAGE_AT.from, PACKAGE_AT.to), wanted),
    )
  if (!cap) throw new InternalError('LOCALNET_UPGRADE', `nobody can upgrade ${packageId}`)
  return cap.id
}
