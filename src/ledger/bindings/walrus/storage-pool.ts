/** `walrus::storage_pool`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, bool, option, struct, table, u256, u32, u64, u8 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'
import { Storage } from '../walrus/storage-resource.ts'

export const StoragePool = struct('storage_pool', 'StoragePool', {
  id: address,
  version: u64,
})
export type StoragePool = LayoutOf<typeof StoragePool>

export const PooledBlob = struct('storage_pool', 'PooledBlob', {
  id: address,
  registeredEpoch: u32,
  blobId: u256,
  unencodedSize: u64,
  encodingType: u8,
  certifiedEpoch: option(u32),
  storagePoolId: address,
  deletable: bool,
})
export type PooledBlob = LayoutOf<typeof PooledBlob>

export const StoragePoolInnerV1 = struct('storage_pool', 'StoragePoolInnerV1', {
  storage: Storage,
  usedEncodedBytes: u64,
  blobCount: u64,
  blobs: table,
})
export type StoragePoolInnerV1 = LayoutOf<typeof StoragePoolInnerV1>

/** (&StoragePool): u32 */
export const startEpoch = moveCall('storage_pool', 'start_epoch', { self: 'object' }, 1)

/** (&StoragePool): u32 */
export const endEpoch = moveCall('storage_pool', 'end_epoch', { self: 'object' }, 1)

/** (&StoragePool): u64 */
export const reservedEncodedCapacityBytes = moveCall('storage_pool', 'reserved_encoded_capacity_bytes', { self: 'object' }, 1)

/** (&StoragePool): u64 */
export const usedEncodedBytes = moveCall('storage_pool', 'used_encoded_bytes', { self: 'object' }, 1)

/** (&StoragePool): u64 */
export const availableEncodedBytes = moveCall('storage_pool', 'available_encoded_bytes', { self: 'object' }, 1)

/** (&StoragePool): &Storage */
export const storage = moveCall('storage_pool', 'storage', { self: 'object' }, 1)

/** (&StoragePool): u64 */
export const blobCount = moveCall('storage_pool', 'blob_count', { self: 'object' }, 1)

/** (&StoragePool, u256): bool */
export const containsBlob = moveCall('storage_pool', 'contains_blob', { self: 'object', blobId: 'u256' }, 1)

/** (&StoragePool, u256): ID */
export const blobObjectId = moveCall('storage_pool', 'blob_object_id', { self: 'object', blobId: 'u256' }, 1)

/** (&StoragePool): ID */
export const objectId = moveCall('storage_pool', 'object_id', { self: 'object' }, 1)

/** (StoragePool): Storage */
export const destroy = moveCall('storage_pool', 'destroy', { self: 'object' }, 1)

/** (&mut StoragePool, u256, Metadata) */
export const addBlobMetadata = moveCall('storage_pool', 'add_blob_metadata', { self: 'object', blobId: 'u256', metadata: 'object' }, 0)

/** (&mut StoragePool, u256, Metadata): Option<Metadata> */
export const addOrReplaceBlobMetadata = moveCall('storage_pool', 'add_or_replace_blob_metadata', { self: 'object', blobId: 'u256', metadata: 'object' }, 1)

/** (&mut StoragePool, u256): Metadata */
export const takeBlobMetadata = moveCall('storage_pool', 'take_blob_metadata', { self: 'object', blobId: 'u256' }, 1)

/** (&mut StoragePool, u256, String, String) */
export const insertOrUpdateBlobMetadataPair = moveCall('storage_pool', 'insert_or_update_blob_metadata_pair', { self: 'object', blobId: 'u256', key: 'string', value: 'string' }, 0)

/** (&mut StoragePool, u256, &String): (String, String) */
export const removeBlobMetadataPair = moveCall('storage_pool', 'remove_blob_metadata_pair', { self: 'object', blobId: 'u256', key: 'string' }, 2)

/** (&mut StoragePool, u256, &String): Option<String> */
export const removeBlobMetadataPairIfExists = moveCall('storage_pool', 'remove_blob_metadata_pair_if_exists', { self: 'object', blobId: 'u256', key: 'string' }, 1)
