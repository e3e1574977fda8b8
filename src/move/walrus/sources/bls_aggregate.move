/// The committee as the system sees it: keys and weights, and the check of its certificates.
module walrus::bls_aggregate;

use sui::bls12381::{Self, UncompressedG1, G1, bls12381_min_pk_verify};
use sui::group_ops::{Self, Element};
use sui::vec_map::{Self, VecMap};
use walrus::messages::{Self, CertifiedMessage};

/// The signer bitmap is longer than the committee, or has bits past its end.
const EInvalidBitmap: u64 = 0;
/// The aggregate signature does not fit the message and the signers.
const ESigVerification: u64 = 1;
/// The signers hold too little weight.
const ENotEnoughStake: u64 = 2;
/// Members, keys and epoch do not fit together.
const EIncorrectCommittee: u64 = 3;

public struct BlsCommitteeMember has copy, drop, store {
    public_key: Element<UncompressedG1>,
    weight: u16,
    node_id: ID,
}

/// `members` are sorted by node id, as in `committee::Committee`; bitmaps refer to this order.
public struct BlsCommittee has copy, drop, store {
    members: vector<BlsCommitteeMember>,
    n_shards: u16,
    epoch: u32,
    total_aggregated_key: Element<G1>,
}

public(package) fun new_bls_committee_member(
    public_key: Element<UncompressedG1>,
    weight: u16,
    node_id: ID,
): BlsCommitteeMember {
    BlsCommitteeMember { public_key, weight, node_id }
}

public(package) fun new_bls_committee(epoch: u32, members: vector<BlsCommitteeMember>): BlsCommittee {
    let n = members.length();
    let mut n_shards = 0;
    let mut keys = vector[];
    let mut at = 0;
    while (at < n) {
        let member = &members[at];
        assert!(member.weight > 0, EIncorrectCommittee);
        n_shards = n_shards + member.weight;
        keys.push_back(member.public_key);
        at = at + 1;
    };
    // The sum over nobody is not defined by the native.
    let total_aggregated_key = if (keys.is_empty()) {
        bls12381::g1_identity()
    } else {
        bls12381::uncompressed_g1_to_g1(&bls12381::uncompressed_g1_sum(&keys))
    };
    BlsCommittee { members, n_shards, epoch, total_aggregated_key }
}

/// The same members, one epoch on.
public(package) fun at_epoch(self: &BlsCommittee, epoch: u32): BlsCommittee {
    BlsCommittee {
        members: self.members,
        n_shards: self.n_shards,
        epoch,
        total_aggregated_key: self.total_aggregated_key,
    }
}

public(package) fun node_id(self: &BlsCommitteeMember): ID {
    self.node_id
}

public(package) fun weight(self: &BlsCommitteeMember): u16 {
    self.weight
}

public(package) fun epoch(self: &BlsCommittee): u32 {
    self.epoch
}

public(package) fun n_shards(self: &BlsCommittee): u16 {
    self.n_shards
}

public(package) fun n_members(self: &BlsCommittee): u64 {
    self.members.length()
}

public(package) fun members(self: &BlsCommittee): &vector<BlsCommitteeMember> {
    &self.members
}

public(package) fun get_idx(self: &BlsCommittee, idx: u64): &BlsCommitteeMember {
    &self.members[idx]
}

public(package) fun contains(self: &BlsCommittee, node_id: &ID): bool {
    self.find_index(node_id).is_some()
}

public(package) fun get_member_weight(self: &BlsCommittee, node_id: &ID): u16 {
    let at = self.find_index(node_id);
    if (at.is_some()) self.members[at.destroy_some()].weight else 0
}

public(package) fun find_index(self: &BlsCommittee, node_id: &ID): Option<u64> {
    let n = self.members.length();
    let mut at = 0;
    while (at < n) {
        if (&self.members[at].node_id == node_id) return option::some(at);
        at = at + 1;
    };
    option::none()
}

/// Node id → weight.
public(package) fun to_vec_map(self: &BlsCommittee): VecMap<ID, u16> {
    let n = self.members.length();
    let mut weights = vec_map::empty();
    let mut at = 0;
    while (at < n) {
        let member = &self.members[at];
        weights.insert(member.node_id, member.weight);
        at = at + 1;
    };
    weights
}

/// A message that holders of at least two thirds of the shards signed in this epoch.
public(package) fun verify_quorum_in_epoch(
    self: &BlsCommittee,
    signature: vector<u8>,
    signers_bitmap: vector<u8>,
    message: vector<u8>,
): CertifiedMessage {
    let weight = self.verify_certificate(&signature, &signers_bitmap, &message, true);
    messages::new_certified_message(message, self.epoch, weight)
}

/// A message that at least one correct node signed in this epoch.
public(package) fun verify_one_correct_node_in_epoch(
    self: &BlsCommittee,
    signature: vector<u8>,
    signers_bitmap: vector<u8>,
    message: vector<u8>,
): CertifiedMessage {
    let weight = self.verify_certificate(&signature, &signers_bitmap, &message, false);
    messages::new_certified_message(message, self.epoch, weight)
}

/// More than two thirds of the shards.
public(package) fun is_quorum(weight: u16, n_shards: u16): bool {
    3 * (weight as u64) >= 2 * (n_shards as u64) + 1
}

/// More than one third of the shards, so that one signer at least is correct.
public(package) fun includes_one_correct_node(weight: u16, n_shards: u16): bool {
    3 * (weight as u64) >= (n_shards as u64) + 1
}

/// Weight of the signers, after checking it and their signature. Subtracting the absent keys from the total is
/// cheaper than adding the present ones, of which there are more.
fun verify_certificate(
    self: &BlsCommittee,
    signature: &vector<u8>,
    signers_bitmap: &vector<u8>,
    message: &vector<u8>,
    quorum: bool,
): u16 {
    let n = self.members.length();
    let mut weight = 0;
    let mut absent = vector[];
    assert!(signers_bitmap.length() * 8 < n + 8, EInvalidBitmap);
    let mut at = 0;
    while (at < signers_bitmap.length() * 8) {
        let signed = (signers_bitmap[at / 8] >> ((at % 8) as u8)) & 1 == 1;
        assert!(!signed || at < n, EInvalidBitmap);
        if (signed) weight = weight + self.members[at].weight
        else if (at < n) absent.push_back(self.members[at].public_key);
        at = at + 1;
    };
    // A shorter bitmap means that the members past its end did not sign.
    while (at < n) {
        absent.push_back(self.members[at].public_key);
        at = at + 1;
    };
    if (quorum) {
        assert!(is_quorum(weight, self.n_shards), ENotEnoughStake)
    } else {
        assert!(includes_one_correct_node(weight, self.n_shards), ENotEnoughStake)
    };
    let key = if (absent.is_empty()) {
        self.total_aggregated_key
    } else {
        let absent_key = bls12381::uncompressed_g1_to_g1(&bls12381::uncompressed_g1_sum(&absent));
        bls12381::g1_sub(&self.total_aggregated_key, &absent_key)
    };
    assert!(bls12381_min_pk_verify(signature, group_ops::bytes(&key), message), ESigVerification);
    weight
}
