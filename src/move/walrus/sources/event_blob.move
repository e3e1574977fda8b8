/// Records of the blobs in which nodes keep the event history. The local network certifies none; the layouts stay.
module walrus::event_blob;

use sui::vec_map::{Self, VecMap};

#[allow(unused_field)]
public struct EventBlobAttestation has copy, drop, store {
    checkpoint_sequence_num: u64,
    epoch: u32,
}

#[allow(unused_field)]
public struct EventBlob has copy, drop, store {
    blob_id: u256,
    ending_checkpoint_sequence_number: u64,
}

public struct EventBlobCertificationState has store {
    latest_certified_blob: Option<EventBlob>,
    aggregate_weight_per_blob: VecMap<EventBlob, u16>,
}

public(package) fun create_with_empty_state(): EventBlobCertificationState {
    EventBlobCertificationState {
        latest_certified_blob: option::none(),
        aggregate_weight_per_blob: vec_map::empty(),
    }
}

/// Votes are for one epoch only.
public(package) fun reset(self: &mut EventBlobCertificationState) {
    self.aggregate_weight_per_blob = vec_map::empty()
}

public(package) fun latest_certified_blob(self: &EventBlobCertificationState): Option<EventBlob> {
    self.latest_certified_blob
}
