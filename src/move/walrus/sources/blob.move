/// One stored blob: registered when paid for, certified when the nodes have it.
module walrus::blob;

use std::string::String;
use sui::bcs;
use sui::dynamic_field as field;
use sui::hash;
use walrus::encoding;
use walrus::events;
use walrus::messages::CertifiedBlobMessage;
use walrus::metadata::{Self, Metadata};
use walrus::storage_resource::Storage;

/// The blob is not certified.
const ENotCertified: u64 = 0;
/// The blob was registered as permanent.
const EBlobNotDeletable: u64 = 1;
/// The epoch lies outside the storage period, or the extension does not reach further.
const EResourceBounds: u64 = 2;
/// The storage is smaller than the encoded blob.
const EResourceSize: u64 = 3;
/// The blob is certified already.
const EAlreadyCertified: u64 = 5;
/// The blob id does not follow from root hash, size and encoding, or is another one in the certificate.
const EInvalidBlobId: u64 = 6;
/// The blob has attributes already.
const EDuplicateMetadata: u64 = 7;
/// The blob has no attributes.
const EMissingMetadata: u64 = 8;
/// Permanent certificate for a deletable blob, or the reverse.
const EInvalidBlobPersistenceType: u64 = 9;
/// The certificate names another object.
const EInvalidBlobObject: u64 = 10;

const METADATA_DF: vector<u8> = b"metadata";

public struct Blob has key, store {
    id: UID,
    registered_epoch: u32,
    blob_id: u256,
    size: u64,
    encoding_type: u8,
    certified_epoch: Option<u32>,
    storage: Storage,
    deletable: bool,
}

/// Hashed to give the blob id.
public struct BlobIdDerivation has drop {
    encoding_type: u8,
    size: u64,
    root_hash: u256,
}

// Reads

public fun object_id(self: &Blob): ID {
    object::id(self)
}

public fun registered_epoch(self: &Blob): u32 {
    self.registered_epoch
}

public fun blob_id(self: &Blob): u256 {
    self.blob_id
}

/// Bytes before encoding.
public fun size(self: &Blob): u64 {
    self.size
}

public fun encoding_type(self: &Blob): u8 {
    self.encoding_type
}

public fun certified_epoch(self: &Blob): &Option<u32> {
    &self.certified_epoch
}

public fun storage(self: &Blob): &Storage {
    &self.storage
}

public fun is_deletable(self: &Blob): bool {
    self.deletable
}

public fun encoded_size(self: &Blob, n_shards: u16): u64 {
    encoding::encoded_blob_length(self.size, self.encoding_type, n_shards)
}

/// The first epoch in which the blob is no longer stored.
public fun end_epoch(self: &Blob): u32 {
    self.storage.end_epoch()
}

/// BLAKE2b-256 over encoding, size and Merkle root, read as a little-endian number.
public fun derive_blob_id(root_hash: u256, encoding_type: u8, size: u64): u256 {
    let derivation = BlobIdDerivation { encoding_type, size, root_hash };
    let digest = hash::blake2b256(&bcs::to_bytes(&derivation));
    bcs::new(digest).peel_u256()
}

// Life of a blob

public(package) fun new(
    storage: Storage,
    blob_id: u256,
    root_hash: u256,
    size: u64,
    encoding_type: u8,
    deletable: bool,
    registered_epoch: u32,
    n_shards: u16,
    ctx: &mut TxContext,
): Blob {
    assert!(registered_epoch >= storage.start_epoch(), EResourceBounds);
    assert!(registered_epoch < storage.end_epoch(), EResourceBounds);
    assert!(derive_blob_id(root_hash, encoding_type, size) == blob_id, EInvalidBlobId);
    let encoded = encoding::encoded_blob_length(size, encoding_type, n_shards);
    assert!(encoded <= storage.size(), EResourceSize);
    let id = object::new(ctx);
    events::emit_blob_registered(
        registered_epoch,
        blob_id,
        size,
        encoding_type,
        storage.end_epoch(),
        deletable,
        id.to_inner(),
    );
    Blob {
        id,
        registered_epoch,
        blob_id,
        size,
        encoding_type,
        certified_epoch: option::none(),
        storage,
        deletable,
    }
}

public(package) fun certify_with_certified_msg(
    blob: &mut Blob,
    current_epoch: u32,
    message: CertifiedBlobMessage,
) {
    assert!(blob.blob_id == message.certified_blob_id(), EInvalidBlobId);
    assert!(blob.certified_epoch.is_none(), EAlreadyCertified);
    assert!(current_epoch < blob.end_epoch(), EResourceBounds);
    let persistence = message.blob_persistence_type();
    assert!(persistence.is_deletable() == blob.deletable, EInvalidBlobPersistenceType);
    if (blob.deletable) assert!(persistence.object_id() == object::id(blob), EInvalidBlobObject);
    blob.certified_epoch.fill(current_epoch);
    blob.emit_certified(false)
}

public(package) fun assert_certified_not_expired(self: &Blob, current_epoch: u32) {
    assert!(self.certified_epoch.is_some(), ENotCertified);
    assert!(current_epoch < self.end_epoch(), EResourceBounds)
}

/// Gives back the storage, for use by another blob.
public(package) fun delete(self: Blob, epoch: u32): Storage {
    let mut blob = self;
    field::remove_if_exists<_, Metadata>(&mut blob.id, METADATA_DF);
    let Blob { id, blob_id, certified_epoch, storage, deletable, .. } = blob;
    assert!(deletable, EBlobNotDeletable);
    assert!(storage.end_epoch() > epoch, EResourceBounds);
    let object_id = id.to_inner();
    id.delete();
    events::emit_blob_deleted(
        epoch,
        blob_id,
        storage.end_epoch(),
        object_id,
        certified_epoch.is_some(),
    );
    storage
}

/// Throws away the object and its storage. Nodes keep the data until the end epoch.
public fun burn(blob: Blob) {
    let mut blob = blob;
    field::remove_if_exists<_, Metadata>(&mut blob.id, METADATA_DF);
    let Blob { id, storage, .. } = blob;
    id.delete();
    storage.destroy()
}

/// `extension` continues the period of the blob, at the same size.
public(package) fun extend_with_resource(blob: &mut Blob, extension: Storage, current_epoch: u32) {
    blob.assert_certified_not_expired(current_epoch);
    assert!(extension.end_epoch() > blob.storage.end_epoch(), EResourceBounds);
    blob.storage.fuse_periods(extension);
    blob.emit_certified(true)
}

public(package) fun extend_end_epoch(blob: &mut Blob, epochs: u32) {
    blob.storage.extend_end_epoch(epochs);
    blob.emit_certified(true)
}

fun emit_certified(self: &Blob, is_extension: bool) {
    events::emit_blob_certified(
        *self.certified_epoch.borrow(),
        self.blob_id,
        self.storage.end_epoch(),
        self.deletable,
        self.id.to_inner(),
        is_extension,
    )
}

// Attributes

public fun add_metadata(self: &mut Blob, metadata: Metadata) {
    assert!(!field::exists_(&self.id, METADATA_DF), EDuplicateMetadata);
    field::add(&mut self.id, METADATA_DF, metadata)
}

public fun add_or_replace_metadata(self: &mut Blob, metadata: Metadata): Option<Metadata> {
    let previous = field::remove_if_exists(&mut self.id, METADATA_DF);
    field::add(&mut self.id, METADATA_DF, metadata);
    previous
}

public fun take_metadata(self: &mut Blob): Metadata {
    assert!(field::exists_(&self.id, METADATA_DF), EMissingMetadata);
    field::remove(&mut self.id, METADATA_DF)
}

public fun insert_or_update_metadata_pair(self: &mut Blob, key: String, value: String) {
    if (!field::exists_(&self.id, METADATA_DF)) {
        field::add(&mut self.id, METADATA_DF, metadata::new())
    };
    self.metadata_mut().insert_or_update(key, value)
}

public fun remove_metadata_pair(self: &mut Blob, key: &String): (String, String) {
    self.metadata_mut().remove(key)
}

public fun remove_metadata_pair_if_exists(self: &mut Blob, key: &String): Option<String> {
    self.metadata_mut().remove_if_exists(key)
}

fun metadata_mut(self: &mut Blob): &mut Metadata {
    assert!(field::exists_(&self.id, METADATA_DF), EMissingMetadata);
    field::borrow_mut(&mut self.id, METADATA_DF)
}

#[test_only]
/// A blob in any state, without a system.
public fun new_for_testing(
    blob_id: u256,
    size: u64,
    registered_epoch: u32,
    certified_epoch: Option<u32>,
    end_epoch: u32,
    deletable: bool,
    ctx: &mut TxContext,
): Blob {
    let storage = walrus::storage_resource::create_for_test(registered_epoch, end_epoch, size, ctx);
    Blob {
        id: object::new(ctx),
        registered_epoch,
        blob_id,
        size,
        encoding_type: 1,
        certified_epoch,
        storage,
        deletable,
    }
}

#[test_only]
public fun extend_for_testing(self: &mut Blob, epochs: u32) {
    self.storage.extend_end_epoch(epochs)
}

#[test_only]
/// What no call of this package does.
public fun shorten_for_testing(self: &mut Blob, end_epoch: u32, ctx: &mut TxContext) {
    self.storage.split_by_epoch(end_epoch, ctx).destroy()
}

#[test_only]
public fun metadata_for_testing(self: &mut Blob): &mut Metadata {
    self.metadata_mut()
}
