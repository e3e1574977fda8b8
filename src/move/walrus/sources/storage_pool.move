/// One reservation for many blobs: blobs share its period, an extension extends all of them, and what a deleted blob
/// occupied is free for the next one.
module walrus::storage_pool;

use std::string::String;
use sui::dynamic_field as field;
use sui::object_table::{Self, ObjectTable};
use walrus::blob;
use walrus::encoding;
use walrus::events;
use walrus::messages::CertifiedBlobMessage;
use walrus::metadata::{Self, Metadata};
use walrus::storage_resource::Storage;

/// The blob was registered as permanent.
const EBlobNotDeletable: u64 = 0;
/// The epoch lies outside the period of the pool, or, for burning, inside it.
const EResourceBounds: u64 = 1;
/// The blob is certified already.
const EAlreadyCertified: u64 = 2;
/// The blob id does not follow from root hash, size and encoding, or is another one in the certificate.
const EInvalidBlobId: u64 = 3;
/// Permanent certificate for a deletable blob, or the reverse.
const EInvalidBlobPersistenceType: u64 = 4;
/// The certificate names another object.
const EInvalidBlobObject: u64 = 5;
/// The pool has less free capacity.
const EInsufficientCapacity: u64 = 6;
/// Only an empty pool can be destroyed.
const EPoolNotEmpty: u64 = 7;
/// The blob is larger than what the pool has in use.
const EInvalidBlobSize: u64 = 8;
/// The pool counts no blob.
const EInvalidBlobCount: u64 = 9;
/// The pool belongs to another version of the package.
const EWrongVersion: u64 = 10;
/// The storage to add ends in another epoch than the pool, or has not begun.
const EIncompatibleEndEpoch: u64 = 11;
/// The blob has attributes already.
const EDuplicateMetadata: u64 = 12;
/// The blob has no attributes.
const EMissingMetadata: u64 = 13;
/// More than 100 percent.
const EInvalidPercent: u64 = 14;

/// Version of the state, and key of the dynamic field that holds it.
const VERSION: u64 = 1;
const METADATA_DF: vector<u8> = b"metadata";

public struct StoragePool has key, store {
    id: UID,
    version: u64,
}

public struct StoragePoolInnerV1 has store {
    storage: Storage,
    used_encoded_bytes: u64,
    blob_count: u64,
    blobs: ObjectTable<u256, PooledBlob>,
}

public struct PooledBlob has key, store {
    id: UID,
    registered_epoch: u32,
    blob_id: u256,
    unencoded_size: u64,
    encoding_type: u8,
    certified_epoch: Option<u32>,
    storage_pool_id: ID,
    deletable: bool,
}

// Reads

public fun start_epoch(self: &StoragePool): u32 {
    self.inner().storage.start_epoch()
}

/// The first epoch in which nothing of the pool is stored.
public fun end_epoch(self: &StoragePool): u32 {
    self.inner().storage.end_epoch()
}

public fun reserved_encoded_capacity_bytes(self: &StoragePool): u64 {
    self.inner().storage.size()
}

public fun used_encoded_bytes(self: &StoragePool): u64 {
    self.inner().used_encoded_bytes
}

public fun available_encoded_bytes(self: &StoragePool): u64 {
    self.inner().available()
}

public fun storage(self: &StoragePool): &Storage {
    &self.inner().storage
}

public fun blob_count(self: &StoragePool): u64 {
    self.inner().blob_count
}

public fun contains_blob(self: &StoragePool, blob_id: u256): bool {
    self.inner().blobs.contains(blob_id)
}

/// What a deletable certificate names.
public fun blob_object_id(self: &StoragePool, blob_id: u256): ID {
    object::id(self.inner().blobs.borrow(blob_id))
}

public fun object_id(self: &StoragePool): ID {
    object::id(self)
}

// Life of a pool

public(package) fun new(storage: Storage, current_epoch: u32, ctx: &mut TxContext): StoragePool {
    assert!(storage.start_epoch() <= current_epoch, EResourceBounds);
    assert!(current_epoch < storage.end_epoch(), EResourceBounds);
    let mut id = object::new(ctx);
    events::emit_storage_pool_created(
        current_epoch,
        id.to_inner(),
        storage.size(),
        storage.start_epoch(),
        storage.end_epoch(),
    );
    let blobs = object_table::new(ctx);
    let inner = StoragePoolInnerV1 { storage, used_encoded_bytes: 0, blob_count: 0, blobs };
    field::add(&mut id, VERSION, inner);
    StoragePool { id, version: VERSION }
}

/// Gives the storage back. Blobs must be deleted or burned first.
public fun destroy(self: StoragePool): Storage {
    self.assert_version();
    let StoragePool { mut id, .. } = self;
    let StoragePoolInnerV1 { storage, blob_count, blobs, .. } = field::remove(&mut id, VERSION);
    assert!(blob_count == 0, EPoolNotEmpty);
    blobs.destroy_empty();
    id.delete();
    storage
}

public(package) fun extend_end_epoch(self: &mut StoragePool, epochs: u32, current_epoch: u32) {
    let id = object::id(self);
    let inner = self.inner_mut();
    inner.storage.extend_end_epoch(epochs);
    events::emit_storage_pool_extended(current_epoch, id, inner.storage.end_epoch())
}

/// `storage` must cover what is left of the pool's period.
public(package) fun add_storage(self: &mut StoragePool, storage: Storage, current_epoch: u32) {
    self.assert_not_expired(current_epoch);
    let inner = self.inner_mut();
    assert!(storage.end_epoch() == inner.storage.end_epoch(), EIncompatibleEndEpoch);
    assert!(storage.start_epoch() <= current_epoch, EIncompatibleEndEpoch);
    inner.storage.increase_size(storage.size());
    storage.destroy()
}

public(package) fun add_capacity(self: &mut StoragePool, bytes: u64) {
    self.inner_mut().storage.increase_size(bytes)
}

/// Takes free capacity out of the pool.
public(package) fun extract(
    self: &mut StoragePool,
    bytes: u64,
    current_epoch: u32,
    ctx: &mut TxContext,
): Storage {
    self.assert_not_expired(current_epoch);
    let inner = self.inner_mut();
    assert!(bytes <= inner.available(), EInsufficientCapacity);
    let kept = inner.storage.size() - bytes;
    inner.storage.split_by_size(kept, ctx)
}

/// So many percent of what is free, rounded down.
public(package) fun percent_of_unused(self: &StoragePool, percent: u8): u64 {
    assert!(percent <= 100, EInvalidPercent);
    (((self.available_encoded_bytes() as u128) * (percent as u128)) / 100) as u64
}

public(package) fun assert_not_expired(self: &StoragePool, current_epoch: u32) {
    assert!(current_epoch < self.end_epoch(), EResourceBounds)
}

// Blobs

/// Returns the encoded size, which the write price depends on.
public(package) fun register_blob(
    self: &mut StoragePool,
    blob_id: u256,
    root_hash: u256,
    unencoded_size: u64,
    encoding_type: u8,
    deletable: bool,
    current_epoch: u32,
    n_shards: u16,
    ctx: &mut TxContext,
): u64 {
    self.assert_not_expired(current_epoch);
    assert!(blob::derive_blob_id(root_hash, encoding_type, unencoded_size) == blob_id, EInvalidBlobId);
    let encoded = encoding::encoded_blob_length(unencoded_size, encoding_type, n_shards);
    let storage_pool_id = object::id(self);
    let inner = self.inner_mut();
    assert!(encoded <= inner.available(), EInsufficientCapacity);
    inner.used_encoded_bytes = inner.used_encoded_bytes + encoded;
    inner.blob_count = inner.blob_count + 1;
    let blob = PooledBlob {
        id: object::new(ctx),
        registered_epoch: current_epoch,
        blob_id,
        unencoded_size,
        encoding_type,
        certified_epoch: option::none(),
        storage_pool_id,
        deletable,
    };
    events::emit_pooled_blob_registered(
        current_epoch,
        blob_id,
        unencoded_size,
        encoding_type,
        deletable,
        object::id(&blob),
        storage_pool_id,
    );
    inner.blobs.add(blob_id, blob);
    encoded
}

public(package) fun certify_blob(
    self: &mut StoragePool,
    blob_id: u256,
    message: CertifiedBlobMessage,
    current_epoch: u32,
) {
    self.assert_not_expired(current_epoch);
    assert!(blob_id == message.certified_blob_id(), EInvalidBlobId);
    let blob = self.blob_mut(blob_id);
    assert!(blob.certified_epoch.is_none(), EAlreadyCertified);
    let persistence = message.blob_persistence_type();
    assert!(persistence.is_deletable() == blob.deletable, EInvalidBlobPersistenceType);
    if (blob.deletable) assert!(persistence.object_id() == object::id(blob), EInvalidBlobObject);
    blob.certified_epoch.fill(current_epoch);
    events::emit_pooled_blob_certified(
        current_epoch,
        blob_id,
        blob.deletable,
        object::id(blob),
        blob.storage_pool_id,
    )
}

public(package) fun delete_blob(
    self: &mut StoragePool,
    blob_id: u256,
    current_epoch: u32,
    n_shards: u16,
) {
    self.assert_not_expired(current_epoch);
    assert!(self.blob_mut(blob_id).deletable, EBlobNotDeletable);
    let (object_id, was_certified) = self.remove(blob_id, n_shards);
    events::emit_pooled_blob_deleted(
        current_epoch,
        blob_id,
        object_id,
        was_certified,
        object::id(self),
    )
}

/// Clears an expired pool; permanent blobs have ended too.
public(package) fun burn_expired_blob(
    self: &mut StoragePool,
    blob_id: u256,
    current_epoch: u32,
    n_shards: u16,
) {
    assert!(current_epoch >= self.end_epoch(), EResourceBounds);
    self.remove(blob_id, n_shards);
}

/// Object id, and whether it was certified.
fun remove(self: &mut StoragePool, blob_id: u256, n_shards: u16): (ID, bool) {
    let inner = self.inner_mut();
    let blob = inner.blobs.remove(blob_id);
    let PooledBlob { mut id, unencoded_size, encoding_type, certified_epoch, .. } = blob;
    let encoded = encoding::encoded_blob_length(unencoded_size, encoding_type, n_shards);
    assert!(inner.used_encoded_bytes >= encoded, EInvalidBlobSize);
    assert!(inner.blob_count > 0, EInvalidBlobCount);
    inner.used_encoded_bytes = inner.used_encoded_bytes - encoded;
    inner.blob_count = inner.blob_count - 1;
    field::remove_if_exists<_, Metadata>(&mut id, METADATA_DF);
    let object_id = id.to_inner();
    id.delete();
    (object_id, certified_epoch.is_some())
}

// Attributes

public fun add_blob_metadata(self: &mut StoragePool, blob_id: u256, metadata: Metadata) {
    let blob = self.blob_mut(blob_id);
    assert!(!field::exists_(&blob.id, METADATA_DF), EDuplicateMetadata);
    field::add(&mut blob.id, METADATA_DF, metadata)
}

public fun add_or_replace_blob_metadata(
    self: &mut StoragePool,
    blob_id: u256,
    metadata: Metadata,
): Option<Metadata> {
    let blob = self.blob_mut(blob_id);
    let previous = field::remove_if_exists(&mut blob.id, METADATA_DF);
    field::add(&mut blob.id, METADATA_DF, metadata);
    previous
}

public fun take_blob_metadata(self: &mut StoragePool, blob_id: u256): Metadata {
    let blob = self.blob_mut(blob_id);
    assert!(field::exists_(&blob.id, METADATA_DF), EMissingMetadata);
    field::remove(&mut blob.id, METADATA_DF)
}

public fun insert_or_update_blob_metadata_pair(
    self: &mut StoragePool,
    blob_id: u256,
    key: String,
    value: String,
) {
    let blob = self.blob_mut(blob_id);
    if (!field::exists_(&blob.id, METADATA_DF)) {
        field::add(&mut blob.id, METADATA_DF, metadata::new())
    };
    blob.metadata_mut().insert_or_update(key, value)
}

public fun remove_blob_metadata_pair(
    self: &mut StoragePool,
    blob_id: u256,
    key: &String,
): (String, String) {
    self.blob_mut(blob_id).metadata_mut().remove(key)
}

public fun remove_blob_metadata_pair_if_exists(
    self: &mut StoragePool,
    blob_id: u256,
    key: &String,
): Option<String> {
    self.blob_mut(blob_id).metadata_mut().remove_if_exists(key)
}

fun metadata_mut(self: &mut PooledBlob): &mut Metadata {
    assert!(field::exists_(&self.id, METADATA_DF), EMissingMetadata);
    field::borrow_mut(&mut self.id, METADATA_DF)
}

fun blob_mut(self: &mut StoragePool, blob_id: u256): &mut PooledBlob {
    self.inner_mut().blobs.borrow_mut(blob_id)
}

fun available(self: &StoragePoolInnerV1): u64 {
    self.storage.size() - self.used_encoded_bytes
}

fun assert_version(self: &StoragePool) {
    assert!(self.version == VERSION, EWrongVersion)
}

fun inner(self: &StoragePool): &StoragePoolInnerV1 {
    self.assert_version();
    field::borrow(&self.id, VERSION)
}

fun inner_mut(self: &mut StoragePool): &mut StoragePoolInnerV1 {
    self.assert_version();
    field::borrow_mut(&mut self.id, VERSION)
}

#[test_only]
public fun set_version_for_testing(self: &mut StoragePool, version: u64) {
    self.version = version
}
