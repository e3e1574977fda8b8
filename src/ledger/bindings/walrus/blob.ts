/** `walrus::blob`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { type LayoutOf, address, bool, option, struct, u256, u32, u64, u8 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'
import { Storage } from '../walrus/storage-resource.ts'

export const Blob = struct('blob', 'Blob', {
  id: address,
  registeredEpoch: u32,
  blobId: u256,
  size: u64,
  encodingType: u8,
  certifiedEpoch: option(u32),
  storage: Storage,
  deletable: bool,
})
export type Blob = LayoutOf<typeof Blob>

/** (&Blob): ID */
export const objectId = moveCall('blob', 'object_id', { self: 'object' }, 1)

/** (&Blob): u32 */
export const registeredEpoch = moveCall('blob', 'registered_epoch', { self: 'object' }, 1)

/** (&Blob): u256 */
export const blobId = moveCall('blob', 'blob_id', { self: 'object' }, 1)

/** (&Blob): u64 */
export const size = moveCall('blob', 'size', { self: 'object' }, 1)

/** (&Blob): u8 */
export const encodingType = moveCall('blob', 'encoding_type', { self: 'object' }, 1)

/** (&Blob): &Option<u32> */
export const certifiedEpoch = moveCall('blob', 'certified_epoch', { self: 'object' }, 1)

/** (&Blob): &Storage */
export const storage = moveCall('blob', 'storage', { self: 'object' }, 1)

/** (&Blob): bool */
export const isDeletable = moveCall('blob', 'is_deletable', { self: 'object' }, 1)

/** (&Blob, u16): u64 */
export const encodedSize = moveCall('blob', 'encoded_size', { self: 'object', nShards: 'u16' }, 1)

/** (&Blob): u32 */
export const endEpoch = moveCall('blob', 'end_epoch', { self: 'object' }, 1)

/** (u256, u8, u64): u256 */
export const deriveBlobId = moveCall('blob', 'derive_blob_id', { rootHash: 'u256', encodingType: 'u8', size: 'u64' }, 1)

/** (Blob) */
export const burn = moveCall('blob', 'burn', { blob: 'object' }, 0)

/** (&mut Blob, Metadata) */
export const addMetadata = moveCall('blob', 'add_metadata', { self: 'object', metadata: 'object' }, 0)

/** (&mut Blob, Metadata): Option<Metadata> */
export const addOrReplaceMetadata = moveCall('blob', 'add_or_replace_metadata', { self: 'object', metadata: 'object' }, 1)

/** (&mut Blob): Metadata */
export const takeMetadata = moveCall('blob', 'take_metadata', { self: 'object' }, 1)

/** (&mut Blob, String, String) */
export const insertOrUpdateMetadataPair = moveCall('blob', 'insert_or_update_metadata_pair', { self: 'object', key: 'string', value: 'string' }, 0)

/** (&mut Blob, &String): (String, String) */
export const removeMetadataPair = moveCall('blob', 'remove_metadata_pair', { self: 'object', key: 'string' }, 2)

/** (&mut Blob, &String): Option<String> */
export const removeMetadataPairIfExists = moveCall('blob', 'remove_metadata_pair_if_exists', { self: 'object', key: 'string' }, 1)
