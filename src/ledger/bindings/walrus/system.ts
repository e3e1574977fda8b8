/** `walrus::system`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, option, struct, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const System = struct('system', 'System', {
  id: address,
  version: u64,
  packageId: address,
  newPackageId: option(address),
})
export type System = LayoutOf<typeof System>

/** (&System, vector<u8>, vector<u8>, vector<u8>): u256 */
export const invalidateBlobId = moveCall('system', 'invalidate_blob_id', { system: 'object', signature: 'vector<u8>', membersBitmap: 'vector<u8>', message: 'vector<u8>' }, 1)

/** (&mut System, u64, u32, &mut Coin<WAL>, &mut TxContext): Storage */
export const reserveSpace = moveCall('system', 'reserve_space', { self: 'object', storageAmount: 'u64', epochsAhead: 'u32', payment: 'object' }, 1)

/** (&mut System, u64, u32, u32, &mut Coin<WAL>, &mut TxContext): Storage */
export const reserveSpaceForEpochs = moveCall('system', 'reserve_space_for_epochs', { self: 'object', storageAmount: 'u64', startEpoch: 'u32', endEpoch: 'u32', payment: 'object' }, 1)

/** (&mut System, Storage, u256, u256, u64, u8, bool, &mut Coin<WAL>, &mut TxContext): Blob */
export const registerBlob = moveCall('system', 'register_blob', { self: 'object', storage: 'object', blobId: 'u256', rootHash: 'u256', size: 'u64', encodingType: 'u8', deletable: 'bool', writePayment: 'object' }, 1)

/** (&System, &mut Blob, vector<u8>, vector<u8>, vector<u8>) */
export const certifyBlob = moveCall('system', 'certify_blob', { self: 'object', blob: 'object', signature: 'vector<u8>', signersBitmap: 'vector<u8>', message: 'vector<u8>' }, 0)

/** (&System, Blob): Storage */
export const deleteBlob = moveCall('system', 'delete_blob', { self: 'object', blob: 'object' }, 1)

/** (&System, &mut Blob, Storage) */
export const extendBlobWithResource = moveCall('system', 'extend_blob_with_resource', { self: 'object', blob: 'object', extension: 'object' }, 0)

/** (&mut System, &mut Blob, u32, &mut Coin<WAL>) */
export const extendBlob = moveCall('system', 'extend_blob', { self: 'object', blob: 'object', extendedEpochs: 'u32', payment: 'object' }, 0)

/** (&mut System, u64, u32, &mut Coin<WAL>, &mut TxContext): StoragePool */
export const createStoragePool = moveCall('system', 'create_storage_pool', { self: 'object', reservedEncodedCapacityBytes: 'u64', epochsAhead: 'u32', payment: 'object' }, 1)

/** (&System, Storage, &mut TxContext): StoragePool */
export const createStoragePoolWithStorage = moveCall('system', 'create_storage_pool_with_storage', { self: 'object', storage: 'object' }, 1)

/** (&mut System, &mut StoragePool, u256, u256, u64, u8, bool, &mut Coin<WAL>, &mut TxContext) */
export const registerPooledBlob = moveCall('system', 'register_pooled_blob', { self: 'object', storagePool: 'object', blobId: 'u256', rootHash: 'u256', unencodedSize: 'u64', encodingType: 'u8', deletable: 'bool', writePayment: 'object' }, 0)

/** (&System, &mut StoragePool, u256, vector<u8>, vector<u8>, vector<u8>) */
export const certifyPooledBlob = moveCall('system', 'certify_pooled_blob', { self: 'object', storagePool: 'object', blobId: 'u256', signature: 'vector<u8>', signersBitmap: 'vector<u8>', message: 'vector<u8>' }, 0)

/** (&System, &mut StoragePool, u256) */
export const deletePooledBlob = moveCall('system', 'delete_pooled_blob', { self: 'object', storagePool: 'object', blobId: 'u256' }, 0)

/** (&System, &mut StoragePool, u256) */
export const burnExpiredPooledBlob = moveCall('system', 'burn_expired_pooled_blob', { self: 'object', storagePool: 'object', blobId: 'u256' }, 0)

/** (&mut System, &mut StoragePool, u32, &mut Coin<WAL>) */
export const extendStoragePool = moveCall('system', 'extend_storage_pool', { self: 'object', storagePool: 'object', extendedEpochs: 'u32', payment: 'object' }, 0)

/** (&mut System, &mut StoragePool, u64, &mut Coin<WAL>) */
export const increaseStoragePoolCapacity = moveCall('system', 'increase_storage_pool_capacity', { self: 'object', storagePool: 'object', additionalEncodedCapacityBytes: 'u64', payment: 'object' }, 0)

/** (&System, &mut StoragePool, Storage) */
export const increaseStoragePoolCapacityWithStorage = moveCall('system', 'increase_storage_pool_capacity_with_storage', { self: 'object', storagePool: 'object', storage: 'object' }, 0)

/** (&System, &mut StoragePool, u64, &mut TxContext): Storage */
export const decreaseStoragePoolCapacityBySize = moveCall('system', 'decrease_storage_pool_capacity_by_size', { self: 'object', storagePool: 'object', size: 'u64' }, 1)

/** (&System, &mut StoragePool, u8, &mut TxContext): Storage */
export const decreaseStoragePoolUnusedCapacityByPercent = moveCall('system', 'decrease_storage_pool_unused_capacity_by_percent', { self: 'object', storagePool: 'object', percent: 'u8' }, 1)

/** (&mut System, Coin<WAL>, u32) */
export const addSubsidy = moveCall('system', 'add_subsidy', { system: 'object', subsidy: 'object', epochsAhead: 'u32' }, 0)

/** (&mut System, vector<Balance<WAL>>) */
export const addPerEpochSubsidies = moveCall('system', 'add_per_epoch_subsidies', { system: 'object', subsidies: 'object' }, 0)

/** (&System): u32 */
export const epoch = moveCall('system', 'epoch', { self: 'object' }, 1)

/** (&System): u64 */
export const totalCapacitySize = moveCall('system', 'total_capacity_size', { self: 'object' }, 1)

/** (&System): u64 */
export const usedCapacitySize = moveCall('system', 'used_capacity_size', { self: 'object' }, 1)

/** (&System): u16 */
export const nShards = moveCall('system', 'n_shards', { self: 'object' }, 1)

/** (&System): &FutureAccountingRingBuffer */
export const futureAccounting = moveCall('system', 'future_accounting', { self: 'object' }, 1)

/** (&System): u64 */
export const version = moveCall('system', 'version', { system: 'object' }, 1)
