/** `walrus::events`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, bool, struct, u16, u256, u32, u64, u8, vector } from '../../layout.ts'

export const BlobRegistered = struct('events', 'BlobRegistered', {
  epoch: u32,
  blobId: u256,
  size: u64,
  encodingType: u8,
  endEpoch: u32,
  deletable: bool,
  objectId: address,
})
export type BlobRegistered = LayoutOf<typeof BlobRegistered>

export const BlobCertified = struct('events', 'BlobCertified', {
  epoch: u32,
  blobId: u256,
  endEpoch: u32,
  deletable: bool,
  objectId: address,
  isExtension: bool,
})
export type BlobCertified = LayoutOf<typeof BlobCertified>

export const BlobDeleted = struct('events', 'BlobDeleted', {
  epoch: u32,
  blobId: u256,
  endEpoch: u32,
  objectId: address,
  wasCertified: bool,
})
export type BlobDeleted = LayoutOf<typeof BlobDeleted>

export const InvalidBlobID = struct('events', 'InvalidBlobID', {
  epoch: u32,
  blobId: u256,
})
export type InvalidBlobID = LayoutOf<typeof InvalidBlobID>

export const EpochParametersSelected = struct('events', 'EpochParametersSelected', {
  nextEpoch: u32,
})
export type EpochParametersSelected = LayoutOf<typeof EpochParametersSelected>

export const EpochChangeStart = struct('events', 'EpochChangeStart', {
  epoch: u32,
})
export type EpochChangeStart = LayoutOf<typeof EpochChangeStart>

export const EpochChangeDone = struct('events', 'EpochChangeDone', {
  epoch: u32,
})
export type EpochChangeDone = LayoutOf<typeof EpochChangeDone>

export const ShardsReceived = struct('events', 'ShardsReceived', {
  epoch: u32,
  shards: vector(u16),
})
export type ShardsReceived = LayoutOf<typeof ShardsReceived>

export const ShardRecoveryStart = struct('events', 'ShardRecoveryStart', {
  epoch: u32,
  shards: vector(u16),
})
export type ShardRecoveryStart = LayoutOf<typeof ShardRecoveryStart>

export const ContractUpgraded = struct('events', 'ContractUpgraded', {
  epoch: u32,
  packageId: address,
  version: u64,
})
export type ContractUpgraded = LayoutOf<typeof ContractUpgraded>

export const PricesUpdated = struct('events', 'PricesUpdated', {
  epoch: u32,
  storagePrice: u64,
  writePrice: u64,
})
export type PricesUpdated = LayoutOf<typeof PricesUpdated>

export const StoragePoolCreated = struct('events', 'StoragePoolCreated', {
  epoch: u32,
  storagePoolId: address,
  reservedEncodedCapacityBytes: u64,
  startEpoch: u32,
  endEpoch: u32,
})
export type StoragePoolCreated = LayoutOf<typeof StoragePoolCreated>

export const StoragePoolExtended = struct('events', 'StoragePoolExtended', {
  epoch: u32,
  storagePoolId: address,
  newEndEpoch: u32,
})
export type StoragePoolExtended = LayoutOf<typeof StoragePoolExtended>

export const PooledBlobRegistered = struct('events', 'PooledBlobRegistered', {
  epoch: u32,
  blobId: u256,
  unencodedSize: u64,
  encodingType: u8,
  deletable: bool,
  objectId: address,
  storagePoolId: address,
})
export type PooledBlobRegistered = LayoutOf<typeof PooledBlobRegistered>

export const PooledBlobCertified = struct('events', 'PooledBlobCertified', {
  epoch: u32,
  blobId: u256,
  deletable: bool,
  objectId: address,
  storagePoolId: address,
})
export type PooledBlobCertified = LayoutOf<typeof PooledBlobCertified>

export const PooledBlobDeleted = struct('events', 'PooledBlobDeleted', {
  epoch: u32,
  blobId: u256,
  objectId: address,
  wasCertified: bool,
  storagePoolId: address,
})
export type PooledBlobDeleted = LayoutOf<typeof PooledBlobDeleted>
