/// Address and keys of a node, and the capability of its operator.
module walrus::storage_node;

use std::string::String;
use sui::bls12381::{Self, UncompressedG1};
use sui::group_ops::Element;
use walrus::event_blob::EventBlobAttestation;
use walrus::extended_field::{Self, ExtendedField};
use walrus::node_metadata::NodeMetadata;

/// The network key is not 33 bytes.
const EInvalidNetworkPublicKey: u64 = 0;

const NETWORK_KEY_LENGTH: u64 = 33;

public struct StorageNodeInfo has store {
    name: String,
    node_id: ID,
    network_address: String,
    public_key: Element<UncompressedG1>,
    next_epoch_public_key: Option<Element<UncompressedG1>>,
    network_public_key: vector<u8>,
    metadata: ExtendedField<NodeMetadata>,
}

public struct StorageNodeCap has key, store {
    id: UID,
    node_id: ID,
    last_epoch_sync_done: u32,
    last_event_blob_attestation: Option<EventBlobAttestation>,
    deny_list_root: u256,
    deny_list_sequence: u64,
    deny_list_size: u64,
}

/// `public_key` in 48-byte compressed form.
public(package) fun new(
    name: String,
    node_id: ID,
    network_address: String,
    public_key: vector<u8>,
    network_public_key: vector<u8>,
    metadata: NodeMetadata,
    ctx: &mut TxContext,
): StorageNodeInfo {
    assert!(network_public_key.length() == NETWORK_KEY_LENGTH, EInvalidNetworkPublicKey);
    StorageNodeInfo {
        name,
        node_id,
        network_address,
        public_key: bls12381::g1_to_uncompressed_g1(&bls12381::g1_from_bytes(&public_key)),
        next_epoch_public_key: option::none(),
        network_public_key,
        metadata: extended_field::new(metadata, ctx),
    }
}

public(package) fun new_cap(node_id: ID, ctx: &mut TxContext): StorageNodeCap {
    StorageNodeCap {
        id: object::new(ctx),
        node_id,
        last_epoch_sync_done: 0,
        last_event_blob_attestation: option::none(),
        deny_list_root: 0,
        deny_list_sequence: 0,
        deny_list_size: 0,
    }
}

public fun node_id(cap: &StorageNodeCap): ID {
    cap.node_id
}

public fun last_epoch_sync_done(cap: &StorageNodeCap): u32 {
    cap.last_epoch_sync_done
}

public(package) fun set_last_epoch_sync_done(cap: &mut StorageNodeCap, epoch: u32) {
    cap.last_epoch_sync_done = epoch
}

public(package) fun id(self: &StorageNodeInfo): ID {
    self.node_id
}

public(package) fun public_key(self: &StorageNodeInfo): &Element<UncompressedG1> {
    &self.public_key
}

public(package) fun metadata(self: &StorageNodeInfo): NodeMetadata {
    *self.metadata.borrow()
}

public(package) fun set_network_address(self: &mut StorageNodeInfo, network_address: String) {
    self.network_address = network_address
}
