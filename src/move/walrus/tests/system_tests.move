#[test_only]
module walrus::system_tests;

use std::unit_test::destroy;
use sui::coin;
use sui::event;
use walrus::blob;
use walrus::events::{BlobCertified, BlobDeleted, BlobRegistered, InvalidBlobID};
use walrus::messages;
use walrus::storage_resource;
use walrus::test_network::{Self as network, blob_id, encoded};

/// Encoded test blob: 7 started MiB at 10 shards, 4 of them primary, 7 secondary.
const UNITS: u64 = 7;

#[test]
fun storage_costs_started_mib_times_epochs() {
    let mut world = network::start();
    assert!((encoded() - 1) / 1_048_576 + 1 == UNITS, encoded());
    let storage = world.reserve(3);
    assert!(world.paid() == UNITS * 5 * 3);
    assert!(storage.start_epoch() == 7 && storage.end_epoch() == 10 && storage.size() == encoded());
    let system = world.system();
    assert!(system.used_capacity_size() == encoded());
    assert!(system.total_capacity_size() == 1_000_000_000);
    let ring = system.future_accounting();
    assert!(ring.max_epochs_ahead() == 4);
    assert!(ring.ring_lookup(2).used_capacity() == encoded());
    assert!(ring.ring_lookup(2).rewards() == UNITS * 5);
    assert!(ring.ring_lookup(2).epoch() == 9);
    assert!(ring.ring_lookup(3).used_capacity() == 0);
    storage.destroy();
    world.end()
}

#[test]
fun space_can_be_reserved_for_later_epochs() {
    let mut world = network::start();
    let mut wal = coin::mint_for_testing(1_000, world.ctx());
    let ctx = &mut tx_context::dummy();
    let later = world.system().reserve_space_for_epochs(1, 9, 11, &mut wal, ctx);
    assert!(later.start_epoch() == 9 && later.end_epoch() == 11);
    assert!(world.system().used_capacity_size() == 0);
    let past = world.system().reserve_space_for_epochs(1, 2, 8, &mut wal, ctx);
    assert!(past.start_epoch() == 7 && past.end_epoch() == 8);
    assert!(wal.value() == 1_000 - 15);
    later.destroy();
    past.destroy();
    wal.burn_for_testing();
    world.end()
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidStartEpoch)]
fun a_period_must_not_start_after_its_end() {
    let mut world = network::start();
    let mut wal = coin::mint_for_testing(1_000, world.ctx());
    let storage = world.system().reserve_space_for_epochs(1, 9, 9, &mut wal, &mut tx_context::dummy());
    destroy(storage);
    destroy(wal);
    world.end()
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidEpochsAhead)]
fun no_epoch_cannot_be_reserved() {
    let mut world = network::start();
    world.reserve(0).destroy();
    world.end()
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidEpochsAhead)]
fun no_more_epochs_than_the_ring_has() {
    let mut world = network::start();
    world.reserve(5).destroy();
    world.end()
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidResourceSize)]
fun nothing_cannot_be_reserved() {
    let mut world = network::start();
    let mut wal = coin::mint_for_testing(1_000, world.ctx());
    let storage = world.system().reserve_space(0, 1, &mut wal, &mut tx_context::dummy());
    destroy(storage);
    destroy(wal);
    world.end()
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EStorageExceeded)]
fun capacity_is_the_limit() {
    let mut world = network::start();
    world.set_capacity(encoded() * 2 - 1);
    world.reserve(1).destroy();
    world.reserve(1).destroy();
    world.end()
}

#[test, expected_failure(abort_code = sui::balance::ENotEnough)]
fun a_coin_too_small_aborts_in_balance() {
    let mut world = network::start();
    let mut wal = coin::mint_for_testing(UNITS * 5 - 1, world.ctx());
    let storage = world.system().reserve_space(encoded(), 1, &mut wal, &mut tx_context::dummy());
    destroy(storage);
    destroy(wal);
    world.end()
}

#[test]
fun a_blob_is_registered_certified_extended_and_deleted() {
    let mut world = network::start();
    let mut blob = world.register(2, true);
    assert!(world.paid() == UNITS * (5 * 2 + 2));
    assert!(world.system().future_accounting().ring_lookup(0).rewards() == UNITS * 7);
    assert!(blob.blob_id() == blob_id() && blob.size() == 1_800_000 && blob.encoding_type() == 1);
    assert!(blob.registered_epoch() == 7 && blob.end_epoch() == 9 && blob.is_deletable());
    assert!(blob.certified_epoch().is_none() && blob.encoded_size(10) == encoded());
    assert!(blob.object_id() == object::id(&blob) && blob.storage().size() == encoded());
    world.certify(&mut blob);
    assert!(blob.certified_epoch() == option::some(7));
    let mut wal = coin::mint_for_testing(UNITS * 5, world.ctx());
    world.system().extend_blob(&mut blob, 1, &mut wal);
    assert!(blob.end_epoch() == 10 && wal.value() == 0);
    wal.destroy_zero();
    let storage = world.system().delete_blob(blob);
    assert!(storage.end_epoch() == 10);
    assert!(event::events_by_type<BlobRegistered>().length() == 1);
    assert!(event::events_by_type<BlobCertified>().length() == 2);
    assert!(event::events_by_type<BlobDeleted>().length() == 1);
    storage.destroy();
    world.end()
}

#[test]
fun a_permanent_blob_is_certified_without_naming_the_object() {
    let mut world = network::start();
    let mut blob = world.register(1, false);
    world.certify(&mut blob);
    assert!(blob.certified_epoch().is_some());
    blob.burn();
    world.end()
}

#[test]
fun an_extension_may_come_as_storage() {
    let mut world = network::start();
    let mut blob = world.register(1, true);
    world.certify(&mut blob);
    let more = storage_resource::create_for_test(8, 11, encoded(), world.ctx());
    world.system().extend_blob_with_resource(&mut blob, more);
    assert!(blob.end_epoch() == 11);
    blob.burn();
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EResourceBounds)]
fun an_extension_must_reach_further() {
    let mut world = network::start();
    let mut blob = world.register(2, true);
    world.certify(&mut blob);
    let less = storage_resource::create_for_test(6, 9, encoded(), world.ctx());
    world.system().extend_blob_with_resource(&mut blob, less);
    destroy(blob);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::ENotCertified)]
fun an_uncertified_blob_is_not_extended() {
    let mut world = network::start();
    let mut blob = world.register(2, true);
    let mut wal = coin::mint_for_testing(1_000, world.ctx());
    world.system().extend_blob(&mut blob, 1, &mut wal);
    destroy(blob);
    destroy(wal);
    world.end()
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidEpochsAhead)]
fun an_extension_ends_within_the_ring() {
    let mut world = network::start();
    let mut blob = world.register(2, true);
    world.certify(&mut blob);
    let mut wal = coin::mint_for_testing(1_000, world.ctx());
    world.system().extend_blob(&mut blob, 3, &mut wal);
    destroy(blob);
    destroy(wal);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EResourceBounds)]
fun an_expired_blob_is_not_extended() {
    let mut world = network::start();
    let mut blob = world.register(1, true);
    world.certify(&mut blob);
    world.next_epoch();
    let mut wal = coin::mint_for_testing(1_000, world.ctx());
    world.system().extend_blob(&mut blob, 1, &mut wal);
    destroy(blob);
    destroy(wal);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EResourceBounds)]
fun an_expired_blob_is_not_deleted() {
    let mut world = network::start();
    let blob = world.register(1, true);
    world.next_epoch();
    let storage = world.system().delete_blob(blob);
    destroy(storage);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EBlobNotDeletable)]
fun a_permanent_blob_is_not_deleted() {
    let mut world = network::start();
    let blob = world.register(1, false);
    let storage = world.system().delete_blob(blob);
    destroy(storage);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EAlreadyCertified)]
fun a_blob_is_certified_once() {
    let mut world = network::start();
    let mut blob = world.register(1, true);
    world.certify(&mut blob);
    world.certify(&mut blob);
    destroy(blob);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EInvalidBlobId)]
fun a_certificate_for_another_blob_is_refused() {
    let mut world = network::start();
    let mut blob = world.register(1, false);
    world.certify_with(&mut blob, messages::certified_permanent_message_bytes(7, 5));
    destroy(blob);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EInvalidBlobPersistenceType)]
fun a_permanent_certificate_does_not_fit_a_deletable_blob() {
    let mut world = network::start();
    let mut blob = world.register(1, true);
    world.certify_with(&mut blob, messages::certified_permanent_message_bytes(7, blob_id()));
    destroy(blob);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EInvalidBlobObject)]
fun a_deletable_certificate_is_bound_to_its_object() {
    let mut world = network::start();
    let mut blob = world.register(1, true);
    let other = object::id_from_address(@0xB);
    world.certify_with(&mut blob, messages::certified_deletable_message_bytes(7, blob_id(), other));
    destroy(blob);
    world.end()
}

#[test, expected_failure(abort_code = walrus::messages::EIncorrectEpoch)]
fun a_certificate_from_an_old_epoch_is_refused() {
    let mut world = network::start();
    let mut blob = world.register(2, false);
    world.next_epoch();
    world.certify_with(&mut blob, messages::certified_permanent_message_bytes(7, blob_id()));
    destroy(blob);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EResourceBounds)]
fun an_expired_blob_is_not_certified() {
    let mut world = network::start();
    let mut blob = world.register(1, false);
    world.next_epoch();
    world.certify(&mut blob);
    destroy(blob);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EInvalidBlobId)]
fun the_blob_id_must_follow_from_the_root() {
    let mut world = network::start();
    let storage = world.reserve(1);
    let mut wal = coin::mint_for_testing(1_000, world.ctx());
    let blob = world
        .system()
        .register_blob(storage, 1, 0xABC, 1_800_000, 1, true, &mut wal, &mut tx_context::dummy());
    destroy(blob);
    destroy(wal);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EResourceSize)]
fun the_storage_must_hold_the_encoded_blob() {
    let mut world = network::start();
    let storage = storage_resource::create_for_test(7, 8, encoded() - 1, world.ctx());
    let mut wal = coin::mint_for_testing(1_000, world.ctx());
    let blob = world
        .system()
        .register_blob(
            storage,
            blob_id(),
            0xABC,
            1_800_000,
            1,
            true,
            &mut wal,
            &mut tx_context::dummy(),
        );
    destroy(blob);
    destroy(wal);
    world.end()
}

#[test, expected_failure(abort_code = walrus::blob::EResourceBounds)]
fun the_storage_must_have_begun() {
    let mut world = network::start();
    let storage = storage_resource::create_for_test(8, 9, encoded(), world.ctx());
    let mut wal = coin::mint_for_testing(1_000, world.ctx());
    let blob = world
        .system()
        .register_blob(
            storage,
            blob_id(),
            0xABC,
            1_800_000,
            1,
            true,
            &mut wal,
            &mut tx_context::dummy(),
        );
    destroy(blob);
    destroy(wal);
    world.end()
}

#[test]
fun a_blob_id_is_invalidated_by_a_third_of_the_shards() {
    let mut world = network::start();
    let message = messages::invalid_blob_id_message_bytes(7, 99);
    assert!(world.system().invalidate_blob_id(x"", x"0f", message) == 99);
    assert!(event::events_by_type<InvalidBlobID>().length() == 1);
    world.end()
}

#[test, expected_failure(abort_code = walrus::system::EWrongVersion)]
fun another_version_of_the_system_is_refused() {
    let mut world = network::start();
    world.system().set_version_for_testing(4);
    world.reserve(1).destroy();
    world.end()
}

#[test]
fun the_version_can_always_be_read() {
    let mut world = network::start();
    assert!(world.system().version() == 3);
    world.system().set_version_for_testing(4);
    assert!(world.system().version() == 4);
    world.end()
}

#[test]
fun a_subsidy_is_spread_over_epochs() {
    let mut world = network::start();
    let gift = coin::mint_for_testing(11, world.ctx());
    world.system().add_subsidy(gift, 3);
    let ring = world.system().future_accounting();
    assert!(ring.ring_lookup(0).rewards() == 5);
    assert!(ring.ring_lookup(1).rewards() == 3);
    assert!(ring.ring_lookup(2).rewards() == 3);
    world.end()
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidEpochsAhead)]
fun a_subsidy_needs_an_epoch() {
    let mut world = network::start();
    let gift = coin::mint_for_testing(11, world.ctx());
    world.system().add_subsidy(gift, 0);
    world.end()
}

#[test]
fun subsidies_may_differ_by_epoch() {
    let mut world = network::start();
    let gifts = vector[
        sui::balance::create_for_testing(4),
        sui::balance::create_for_testing(0),
        sui::balance::create_for_testing(6),
    ];
    world.system().add_per_epoch_subsidies(gifts);
    let ring = world.system().future_accounting();
    assert!(ring.ring_lookup(0).rewards() == 4 && ring.ring_lookup(1).rewards() == 0);
    assert!(ring.ring_lookup(2).rewards() == 6);
    world.end()
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidEpochsAhead)]
fun subsidies_end_with_the_ring() {
    let mut world = network::start();
    let mut gifts = vector[];
    while (gifts.length() < 5) gifts.push_back(sui::balance::zero());
    world.system().add_per_epoch_subsidies(gifts);
    world.end()
}

#[test, expected_failure(abort_code = walrus::storage_accounting::ETooFarInFuture)]
fun the_ring_ends() {
    let mut world = network::start();
    world.system().future_accounting().ring_lookup(4);
    world.end()
}

#[test]
fun a_blob_id_is_a_hash() {
    // BLAKE2b-256 over 01, eight zero bytes and 32 zero bytes.
    assert!(blob::derive_blob_id(0, 1, 0) != blob::derive_blob_id(0, 1, 1));
    assert!(blob::derive_blob_id(0, 1, 0) != blob::derive_blob_id(0, 0, 0));
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidEpochsAhead)]
fun a_blob_is_extended_by_something() {
    let mut world = network::start();
    let mut blob = world.register(2, true);
    world.certify(&mut blob);
    let (system, _, _, _, wal, _) = world.all();
    system.extend_blob(&mut blob, 0, wal);
    std::unit_test::destroy(blob);
    world.end()
}

#[test, expected_failure(abort_code = walrus::storage_resource::EInvalidEpoch)]
fun storage_is_not_split_at_its_end() {
    let mut world = network::start();
    let mut storage = world.reserve(2);
    let rest = storage.split_by_epoch(9, world.ctx());
    std::unit_test::destroy(rest);
    std::unit_test::destroy(storage);
    world.end()
}

#[test, expected_failure(abort_code = walrus::storage_resource::EIncompatibleEpochs)]
fun amounts_of_unequal_ends_are_not_fused() {
    let mut world = network::start();
    let mut one = world.reserve(2);
    let two = world.reserve(3);
    one.fuse_amount(two);
    std::unit_test::destroy(one);
    world.end()
}
