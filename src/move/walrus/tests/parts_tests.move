/// Encoding sizes, storage resources, attributes, messages and certificates.
#[test_only]
module walrus::parts_tests;

use std::unit_test::destroy;
use sui::bls12381;
use walrus::bls_aggregate::{Self, BlsCommittee};
use walrus::blob::{Self, Blob};
use walrus::encoding::encoded_blob_length as encoded;
use walrus::epoch_parameters;
use walrus::event_blob;
use walrus::extended_field;
use walrus::messages;
use walrus::metadata;
use walrus::pending_values;
use walrus::shared_blob::{Self, SharedBlob};
use walrus::storage_resource::{Self, Storage};
use walrus::test_network as network;
use sui::coin;
use sui::test_scenario;

// Encoding

#[test]
fun encoded_sizes_are_those_of_the_published_table() {
    assert!(encoded(1, 1, 4) == 1_192);
    assert!(encoded(1, 1, 10) == 6_940 && encoded(1_048_576, 1, 10) == 4_126_220);
    assert!(encoded(1, 1, 13) == 11_596 && encoded(1_048_576, 1, 13) == 4_252_196);
    assert!(encoded(1, 1, 100) == 663_400 && encoded(1_048_576, 1, 100) == 5_309_400);
    assert!(encoded(1, 1, 1000) == 66_034_000 && encoded(1_048_576, 1, 1000) == 70_038_000);
    assert!(encoded(0, 1, 10) == encoded(1, 1, 10));
}

#[test]
fun the_largest_blob_can_be_encoded() {
    assert!(encoded(393_204, 1, 4) > 393_204);
    assert!(encoded(14_599_533_452, 1, 1000) > 14_599_533_452);
}

#[test, expected_failure(arithmetic_error, location = walrus::encoding)]
fun a_larger_one_overflows() {
    encoded(393_205, 1, 4);
}

#[test, expected_failure(abort_code = walrus::encoding::EInvalidEncodingType)]
fun the_first_encoding_is_retired() {
    encoded(1, 0, 10);
}

// Storage

fun storage(start: u32, end: u32, size: u64): Storage {
    storage_resource::create_for_test(start, end, size, &mut tx_context::dummy())
}

#[test]
fun storage_is_split_and_fused() {
    let ctx = &mut tx_context::dummy();
    let mut first = storage(1, 10, 100);
    let late = first.split_by_epoch(4, ctx);
    assert!(first.end_epoch() == 4 && late.start_epoch() == 4 && late.end_epoch() == 10);
    first.fuse(late);
    assert!(first.start_epoch() == 1 && first.end_epoch() == 10);
    let mut late = first.split_by_epoch(4, ctx);
    late.fuse_periods(first);
    assert!(late.start_epoch() == 1 && late.end_epoch() == 10);
    let rest = late.split_by_size(30, ctx);
    assert!(late.size() == 30 && rest.size() == 70);
    late.fuse(rest);
    assert!(late.size() == 100);
    let none = late.split_by_size(100, ctx);
    assert!(none.size() == 0);
    none.destroy();
    late.destroy()
}

#[test, expected_failure(abort_code = storage_resource::EInvalidEpoch)]
fun a_split_epoch_lies_inside() {
    let mut first = storage(1, 10, 100);
    destroy(first.split_by_epoch(10, &mut tx_context::dummy()));
    destroy(first)
}

#[test, expected_failure(abort_code = storage_resource::EIncompatibleAmount)]
fun a_split_is_not_larger_than_the_whole() {
    let mut first = storage(1, 10, 100);
    destroy(first.split_by_size(101, &mut tx_context::dummy()));
    destroy(first)
}

#[test, expected_failure(abort_code = storage_resource::EIncompatibleAmount)]
fun periods_of_one_size_fuse() {
    let mut first = storage(1, 3, 100);
    first.fuse_periods(storage(3, 4, 99));
    destroy(first)
}

#[test, expected_failure(abort_code = storage_resource::EIncompatibleEpochs)]
fun only_adjacent_periods_fuse() {
    let mut first = storage(1, 3, 100);
    first.fuse(storage(4, 5, 100));
    destroy(first)
}

#[test, expected_failure(abort_code = storage_resource::EIncompatibleEpochs)]
fun amounts_of_one_period_fuse() {
    let mut first = storage(1, 3, 100);
    first.fuse_amount(storage(1, 4, 100));
    destroy(first)
}

#[test, expected_failure(abort_code = storage_resource::EInvalidEpochRange)]
fun a_period_is_not_empty() {
    destroy(storage(3, 3, 1))
}

// Attributes

fun blob(): Blob {
    blob::new_for_testing(5, 10, 1, option::some(1), 9, true, &mut tx_context::dummy())
}

#[test]
fun attributes_are_set_changed_and_removed() {
    let mut blob = blob();
    blob.insert_or_update_metadata_pair(b"a".to_string(), b"1".to_string());
    blob.insert_or_update_metadata_pair(b"b".to_string(), b"2".to_string());
    blob.insert_or_update_metadata_pair(b"a".to_string(), b"3".to_string());
    assert!(blob.metadata_for_testing().length() == 2);
    assert!(blob.metadata_for_testing().value(b"a".to_string()) == b"3".to_string());
    let (key, value) = blob.remove_metadata_pair(&b"a".to_string());
    assert!(key == b"a".to_string() && value == b"3".to_string());
    assert!(blob.remove_metadata_pair_if_exists(&b"a".to_string()).is_none());
    assert!(blob.remove_metadata_pair_if_exists(&b"b".to_string()) == option::some(b"2".to_string()));
    let empty = blob.take_metadata();
    assert!(empty.length() == 0);
    blob.add_metadata(empty);
    let mut other = metadata::new();
    other.insert_or_update(b"c".to_string(), b"4".to_string());
    assert!(blob.add_or_replace_metadata(other).is_some());
    let mut last = blob.take_metadata();
    let (_, value) = last.remove(&b"c".to_string());
    assert!(value == b"4".to_string() && last.remove_if_exists(&b"c".to_string()).is_none());
    assert!(blob.add_or_replace_metadata(last).is_none());
    blob.burn()
}

#[test, expected_failure(abort_code = blob::EDuplicateMetadata)]
fun attributes_are_added_once() {
    let mut blob = blob();
    blob.add_metadata(metadata::new());
    blob.add_metadata(metadata::new());
    destroy(blob)
}

#[test, expected_failure(abort_code = blob::EMissingMetadata)]
fun attributes_that_are_not_there_cannot_be_taken() {
    let mut blob = blob();
    blob.take_metadata();
    destroy(blob)
}

#[test, expected_failure(abort_code = blob::EMissingMetadata)]
fun a_pair_needs_attributes_to_be_removed_from() {
    let mut blob = blob();
    blob.remove_metadata_pair(&b"a".to_string());
    destroy(blob)
}

#[test, expected_failure(abort_code = sui::vec_map::EKeyDoesNotExist)]
fun an_unknown_key_is_not_removed() {
    let mut blob = blob();
    blob.add_metadata(metadata::new());
    blob.remove_metadata_pair(&b"a".to_string());
    destroy(blob)
}

// Messages

#[test]
fun a_message_is_taken_apart() {
    let message = messages::certified_deletable_message_bytes(3, 77, object::id_from_address(@0x5));
    assert!(message.length() == 72);
    assert!(messages::certified_permanent_message_bytes(3, 77).length() == 40);
    let certified = messages::new_certified_message(message, 3, 9);
    assert!(certified.intent_type() == 1 && certified.cert_epoch() == 3 && certified.stake_support() == 9);
    let blob = certified.certify_blob_message();
    assert!(blob.certified_blob_id() == 77);
    assert!(blob.blob_persistence_type().object_id() == object::id_from_address(@0x5));
}

#[test, expected_failure(abort_code = messages::EIncorrectAppId)]
fun a_message_for_another_application_is_refused() {
    messages::new_certified_message(x"01000407000000", 7, 1);
}

#[test, expected_failure(abort_code = messages::EIncorrectIntentVersion)]
fun an_unknown_header_version_is_refused() {
    messages::new_certified_message(x"01010307000000", 7, 1);
}

#[test, expected_failure(abort_code = messages::EIncorrectEpoch)]
fun a_message_of_another_epoch_is_refused() {
    messages::new_certified_message(x"01000308000000", 7, 1);
}

#[test, expected_failure(abort_code = messages::EInvalidMsgType)]
fun an_invalid_blob_message_does_not_certify() {
    let message = messages::invalid_blob_id_message_bytes(7, 1);
    messages::new_certified_message(message, 7, 1).certify_blob_message();
}

#[test, expected_failure(abort_code = messages::EInvalidMsgType)]
fun a_certificate_does_not_invalidate() {
    let message = messages::certified_permanent_message_bytes(7, 1);
    messages::new_certified_message(message, 7, 1).invalid_blob_id_message();
}

#[test, expected_failure(abort_code = messages::EInvalidMsgType)]
fun bytes_after_the_body_are_refused() {
    let mut message = messages::certified_permanent_message_bytes(7, 1);
    message.push_back(0);
    messages::new_certified_message(message, 7, 1).certify_blob_message();
}

#[test, expected_failure(abort_code = messages::EInvalidBlobPersistenceType)]
fun an_unknown_persistence_is_refused() {
    let mut message = messages::certified_permanent_message_bytes(7, 1);
    message.pop_back();
    message.push_back(2);
    messages::new_certified_message(message, 7, 1).certify_blob_message();
}

#[test, expected_failure(abort_code = messages::ENotDeletable)]
fun a_permanent_certificate_names_no_object() {
    let message = messages::certified_permanent_message_bytes(7, 1);
    let certified = messages::new_certified_message(message, 7, 1).certify_blob_message();
    certified.blob_persistence_type().object_id();
}

#[test]
fun a_proof_of_possession_is_header_address_and_key() {
    let message = messages::new_proof_of_possession_msg(5, @0x1, network::key()).to_bcs();
    assert!(message.length() == 7 + 32 + 48);
    assert!(message[0] == 0 && message[2] == 3 && message[3] == 5 && message[38] == 1);
}

#[test, expected_failure(abort_code = messages::EInvalidKeyLength)]
fun a_key_has_48_bytes() {
    messages::new_proof_of_possession_msg(5, @0x1, x"00");
}

// Certificates: signatures are always right in this VM, so only the counting is tested here.

fun committee(weights: vector<u16>): BlsCommittee {
    let key = bls12381::g1_to_uncompressed_g1(&bls12381::g1_from_bytes(&network::key()));
    let mut members = vector[];
    let mut at = 0u64;
    while (at < weights.length()) {
        let id = object::id_from_address(sui::address::from_u256((at + 1) as u256));
        members.push_back(bls_aggregate::new_bls_committee_member(key, weights[at], id));
        at = at + 1;
    };
    bls_aggregate::new_bls_committee(7, members)
}

fun check(weights: vector<u16>, bitmap: vector<u8>): u16 {
    let message = messages::certified_permanent_message_bytes(7, 1);
    committee(weights).verify_quorum_in_epoch(x"", bitmap, message).stake_support()
}

#[test]
fun weight_counts_not_heads() {
    assert!(check(vector[5, 3, 1, 1], x"03") == 8);
    assert!(check(vector[5, 3, 1, 1], x"0d") == 7);
    assert!(check(vector[1, 1, 1, 1, 1, 1, 1, 1, 20], x"ff01") == 28);
}

#[test]
fun members_past_a_short_bitmap_did_not_sign() {
    assert!(check(vector[3, 3, 3, 3, 3, 3, 3, 3, 1], x"ff") == 24);
}

#[test, expected_failure(abort_code = bls_aggregate::ENotEnoughStake)]
fun two_thirds_are_needed() {
    check(vector[5, 3, 1, 1], x"05");
}

#[test, expected_failure(abort_code = bls_aggregate::ENotEnoughStake)]
fun nobody_is_not_enough() {
    check(vector[5, 3, 1, 1], x"");
}

#[test, expected_failure(abort_code = bls_aggregate::EInvalidBitmap)]
fun bits_past_the_members_are_refused() {
    check(vector[5, 3, 1, 1], x"1f");
}

#[test, expected_failure(abort_code = bls_aggregate::EInvalidBitmap)]
fun a_longer_bitmap_is_refused() {
    check(vector[5, 3, 1, 1], x"0f00");
}

#[test]
fun one_third_has_a_correct_node() {
    let message = messages::invalid_blob_id_message_bytes(7, 1);
    let committee = committee(vector[4, 3, 2, 1]);
    let certified = committee.verify_one_correct_node_in_epoch(x"", x"01", message);
    assert!(certified.invalid_blob_id_message().invalid_blob_id() == 1);
}

#[test, expected_failure(abort_code = bls_aggregate::ENotEnoughStake)]
fun less_than_a_third_may_be_all_wrong() {
    let message = messages::invalid_blob_id_message_bytes(7, 1);
    committee(vector[4, 3, 2, 1]).verify_one_correct_node_in_epoch(x"", x"02", message);
}

#[test]
fun members_are_found_by_id() {
    let committee = committee(vector[4, 3]);
    let second = object::id_from_address(@0x2);
    let third = object::id_from_address(@0x3);
    assert!(committee.contains(&second) && !committee.contains(&third));
    assert!(committee.get_member_weight(&second) == 3 && committee.get_member_weight(&third) == 0);
    assert!(committee.get_idx(1).node_id() == second && committee.n_members() == 2);
    assert!(*committee.to_vec_map().get(&second) == 3);
}

// Shared blobs

#[test]
fun a_shared_blob_pays_for_its_own_extension() {
    let mut world = network::start();
    let mut blob = world.register(1, false);
    world.certify(&mut blob);
    let funds = coin::mint_for_testing(500, world.ctx());
    shared_blob::new_funded(blob, funds, world.ctx());
    world.test().next_tx(@0xA);
    let mut shared = world.test().take_shared<SharedBlob>();
    let more = coin::mint_for_testing(100, world.ctx());
    shared.fund(more);
    shared.extend(world.system(), 2, &mut tx_context::dummy());
    assert!(shared.blob().end_epoch() == 10);
    assert!(shared.funds().value() == 600 - 7 * 5 * 2);
    test_scenario::return_shared(shared);
    world.end()
}

#[test]
fun a_blob_may_be_shared_without_funds() {
    let mut test = test_scenario::begin(@0xA);
    let blob = blob::new_for_testing(5, 10, 1, option::some(1), 9, true, test.ctx());
    shared_blob::new(blob, test.ctx());
    test.next_tx(@0xA);
    let shared = test.take_shared<SharedBlob>();
    assert!(shared.funds().value() == 0 && shared.blob().blob_id() == 5);
    test_scenario::return_shared(shared);
    test.end();
}

// What only the staking economy of the deployed package uses, or nobody yet

#[test]
fun an_extended_field_is_exchanged_and_taken_out() {
    let ctx = &mut tx_context::dummy();
    let mut field = extended_field::new(vector[1u64], ctx);
    field.borrow_mut().push_back(2);
    assert!(field.swap(vector[3]) == vector[1, 2]);
    assert!(*field.borrow() == vector[3]);
    assert!(field.destroy() == vector[3])
}

#[test]
fun parameters_of_an_epoch_are_what_was_voted_for() {
    let parameters = epoch_parameters::new(7, 8, 9);
    assert!(parameters.capacity() == 7 && parameters.storage_price() == 8 && parameters.write_price() == 9)
}

#[test]
fun amounts_of_an_epoch_add_up_and_count_from_it_on() {
    let mut amounts = pending_values::empty();
    amounts.insert_or_add(5, 10);
    amounts.insert_or_add(5, 1);
    amounts.insert_or_add(7, 100);
    assert!(amounts.value_at(4) == 0 && amounts.value_at(5) == 11 && amounts.value_at(9) == 111)
}

#[test]
fun no_event_blob_is_certified_at_first() {
    let state = event_blob::create_with_empty_state();
    assert!(state.latest_certified_blob().is_none());
    destroy(state)
}

#[test]
fun recovery_of_shards_is_told() {
    walrus::events::emit_shard_recovery_start(3, vector[1, 2]);
    assert!(sui::event::num_events() == 1)
}
