#[test_only]
module walrus::pool_tests;

use std::unit_test::destroy;
use sui::event;
use walrus::blob;
use walrus::events::{
    PooledBlobCertified,
    PooledBlobDeleted,
    PooledBlobRegistered,
    StoragePoolCreated,
    StoragePoolExtended
};
use walrus::messages;
use walrus::metadata;
use walrus::storage_pool::StoragePool;
use walrus::test_network::{Self as network, World, blob_id, encoded, root, size};

/// Room for two blobs and a bit, from epoch 7 to 9.
fun start(): (World, StoragePool) {
    let mut world = network::start();
    let (system, _, _, _, wal, ctx) = world.all();
    let pool = system.create_storage_pool(2 * encoded() + 100, 2, wal, ctx);
    (world, pool)
}

fun end(world: World, pool: StoragePool) {
    destroy(pool);
    world.end()
}

fun register(world: &mut World, pool: &mut StoragePool, deletable: bool) {
    let (system, _, _, _, wal, ctx) = world.all();
    system.register_pooled_blob(pool, blob_id(), root(), size(), 1, deletable, wal, ctx)
}

fun register_other(world: &mut World, pool: &mut StoragePool, root_hash: u256): u256 {
    let id = blob::derive_blob_id(root_hash, 1, size());
    let (system, _, _, _, wal, ctx) = world.all();
    system.register_pooled_blob(pool, id, root_hash, size(), 1, true, wal, ctx);
    id
}

fun certify(world: &mut World, pool: &mut StoragePool) {
    let object = pool.blob_object_id(blob_id());
    let message = messages::certified_deletable_message_bytes(7, blob_id(), object);
    world.system().certify_pooled_blob(pool, blob_id(), x"", x"0f", message)
}

use fun register as World.register;
use fun register_other as World.register_other;
use fun certify as World.certify;

#[test]
fun a_pool_is_bought_and_read() {
    let (world, pool) = start();
    // 5 FROST per started MiB and epoch, two epochs.
    assert!(world.paid() == 2 * 5 * ((2 * encoded() + 100 + 1_048_575) / 1_048_576));
    assert!(pool.start_epoch() == 7 && pool.end_epoch() == 9 && pool.blob_count() == 0);
    assert!(pool.reserved_encoded_capacity_bytes() == 2 * encoded() + 100 && pool.used_encoded_bytes() == 0);
    assert!(pool.available_encoded_bytes() == 2 * encoded() + 100);
    assert!(pool.storage().size() == 2 * encoded() + 100 && pool.object_id() == object::id(&pool));
    assert!(event::events_by_type<StoragePoolCreated>().length() == 1);
    end(world, pool)
}

#[test]
fun a_blob_in_a_pool_costs_the_write_price_only() {
    let (mut world, mut pool) = start();
    let before = world.paid();
    world.register(&mut pool, true);
    assert!(world.paid() - before == 2 * ((encoded() + 1_048_575) / 1_048_576));
    assert!(pool.contains_blob(blob_id()) && !pool.contains_blob(1) && pool.blob_count() == 1);
    assert!(pool.used_encoded_bytes() == encoded() && pool.available_encoded_bytes() == encoded() + 100);
    assert!(event::events_by_type<PooledBlobRegistered>().length() == 1);
    end(world, pool)
}

#[test]
fun a_pooled_blob_is_certified_and_deleted() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    world.certify(&mut pool);
    world.system().delete_pooled_blob(&mut pool, blob_id());
    assert!(pool.blob_count() == 0 && pool.used_encoded_bytes() == 0 && !pool.contains_blob(blob_id()));
    assert!(event::events_by_type<PooledBlobCertified>().length() == 1);
    assert!(event::events_by_type<PooledBlobDeleted>().length() == 1);
    // The room is free again, and so is the id.
    world.register(&mut pool, true);
    end(world, pool)
}

#[test]
fun a_permanent_pooled_blob_is_certified() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, false);
    let message = messages::certified_permanent_message_bytes(7, blob_id());
    world.system().certify_pooled_blob(&mut pool, blob_id(), x"", x"0f", message);
    end(world, pool)
}

#[test]
fun a_pool_is_extended_for_all_its_blobs() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    let before = world.paid();
    let (system, _, _, _, wal, _) = world.all();
    system.extend_storage_pool(&mut pool, 2, wal);
    assert!(pool.end_epoch() == 11);
    assert!(world.paid() - before == 2 * 5 * ((2 * encoded() + 100 + 1_048_575) / 1_048_576));
    assert!(event::events_by_type<StoragePoolExtended>().length() == 1);
    end(world, pool)
}

#[test]
fun a_pool_grows_by_money_and_by_storage() {
    let (mut world, mut pool) = start();
    world.next_epoch();
    let before = world.paid();
    let (system, _, _, _, wal, ctx) = world.all();
    system.increase_storage_pool_capacity(&mut pool, 1_048_576, wal);
    // One epoch is left.
    let storage = system.reserve_space(500, 1, wal, ctx);
    system.increase_storage_pool_capacity_with_storage(&mut pool, storage);
    assert!(world.paid() - before == 10);
    assert!(pool.reserved_encoded_capacity_bytes() == 2 * encoded() + 100 + 1_048_576 + 500);
    end(world, pool)
}

#[test]
fun a_pool_gives_up_what_is_free() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    let (system, _, _, _, _, ctx) = world.all();
    let some = system.decrease_storage_pool_capacity_by_size(&mut pool, 100, ctx);
    assert!(some.size() == 100 && some.start_epoch() == 7 && some.end_epoch() == 9);
    let half = system.decrease_storage_pool_unused_capacity_by_percent(&mut pool, 50, ctx);
    assert!(half.size() == encoded() / 2 && pool.available_encoded_bytes() == encoded() - half.size());
    destroy(some);
    destroy(half);
    end(world, pool)
}

#[test]
fun a_pool_is_made_of_storage_and_gives_it_back() {
    let (mut world, pool) = start();
    let storage = pool.destroy();
    let (system, _, _, _, _, ctx) = world.all();
    let again = system.create_storage_pool_with_storage(storage, ctx);
    assert!(again.reserved_encoded_capacity_bytes() == 2 * encoded() + 100);
    end(world, again)
}

#[test]
fun an_expired_pool_is_cleared_of_all_blobs() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, false);
    world.next_epoch();
    world.next_epoch();
    world.system().burn_expired_pooled_blob(&mut pool, blob_id());
    assert!(event::events_by_type<PooledBlobDeleted>().is_empty());
    pool.destroy().destroy();
    world.end()
}

#[test]
fun a_pooled_blob_has_attributes() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    let (key, other) = (b"type".to_string(), b"size".to_string());
    pool.insert_or_update_blob_metadata_pair(blob_id(), key, b"text".to_string());
    pool.insert_or_update_blob_metadata_pair(blob_id(), other, b"1".to_string());
    let (removed, value) = pool.remove_blob_metadata_pair(blob_id(), &key);
    assert!(removed == key && value == b"text".to_string());
    assert!(pool.remove_blob_metadata_pair_if_exists(blob_id(), &key).is_none());
    assert!(pool.remove_blob_metadata_pair_if_exists(blob_id(), &other).is_some());
    let taken = pool.take_blob_metadata(blob_id());
    assert!(taken.length() == 0);
    pool.add_blob_metadata(blob_id(), taken);
    let replaced = pool.add_or_replace_blob_metadata(blob_id(), metadata::new());
    assert!(replaced.is_some());
    // They go with the blob.
    world.system().delete_pooled_blob(&mut pool, blob_id());
    end(world, pool)
}

// What is refused

#[test, expected_failure(abort_code = walrus::storage_pool::EBlobNotDeletable)]
fun a_permanent_pooled_blob_is_not_deleted() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, false);
    world.system().delete_pooled_blob(&mut pool, blob_id());
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EResourceBounds)]
fun an_expired_pool_takes_no_blob() {
    let (mut world, mut pool) = start();
    world.next_epoch();
    world.next_epoch();
    world.register(&mut pool, true);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EResourceBounds)]
fun an_expired_pool_is_not_extended() {
    let (mut world, mut pool) = start();
    world.next_epoch();
    world.next_epoch();
    let (system, _, _, _, wal, _) = world.all();
    system.extend_storage_pool(&mut pool, 1, wal);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EResourceBounds)]
fun a_blob_of_a_live_pool_is_not_burned() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    world.system().burn_expired_pooled_blob(&mut pool, blob_id());
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EResourceBounds)]
fun storage_of_the_future_makes_no_pool() {
    let mut world = network::start();
    let (system, _, _, _, wal, ctx) = world.all();
    let storage = system.reserve_space_for_epochs(1_000, 8, 9, wal, ctx);
    let pool = system.create_storage_pool_with_storage(storage, ctx);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EAlreadyCertified)]
fun a_pooled_blob_is_certified_once() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    world.certify(&mut pool);
    world.certify(&mut pool);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EInvalidBlobId)]
fun the_id_of_a_pooled_blob_follows_from_its_content() {
    let (mut world, mut pool) = start();
    let (system, _, _, _, wal, ctx) = world.all();
    system.register_pooled_blob(&mut pool, 1, root(), size(), 1, true, wal, ctx);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EInvalidBlobId)]
fun a_certificate_for_another_blob_does_not_count() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    let message = messages::certified_permanent_message_bytes(7, 1);
    world.system().certify_pooled_blob(&mut pool, blob_id(), x"", x"0f", message);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EInvalidBlobPersistenceType)]
fun a_permanent_certificate_does_not_fit_a_deletable_blob() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    let message = messages::certified_permanent_message_bytes(7, blob_id());
    world.system().certify_pooled_blob(&mut pool, blob_id(), x"", x"0f", message);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EInvalidBlobObject)]
fun a_certificate_for_another_object_does_not_count() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    let message = messages::certified_deletable_message_bytes(7, blob_id(), object::id(&pool));
    world.system().certify_pooled_blob(&mut pool, blob_id(), x"", x"0f", message);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EInsufficientCapacity)]
fun a_full_pool_takes_no_blob() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    world.register_other(&mut pool, 1);
    world.register_other(&mut pool, 2);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EInsufficientCapacity)]
fun what_is_in_use_is_not_given_up() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    let (system, _, _, _, _, ctx) = world.all();
    destroy(system.decrease_storage_pool_capacity_by_size(&mut pool, encoded() + 101, ctx));
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EPoolNotEmpty)]
fun a_pool_with_blobs_is_not_destroyed() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    pool.destroy().destroy();
    world.end()
}

#[test, expected_failure(abort_code = walrus::storage_pool::EWrongVersion)]
fun a_pool_of_another_version_is_refused() {
    let (mut world, mut pool) = start();
    pool.set_version_for_testing(2);
    world.register(&mut pool, true);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EIncompatibleEndEpoch)]
fun a_pool_grows_by_storage_with_the_same_end_only() {
    let (mut world, mut pool) = start();
    let (system, _, _, _, wal, ctx) = world.all();
    let storage = system.reserve_space(500, 1, wal, ctx);
    system.increase_storage_pool_capacity_with_storage(&mut pool, storage);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EIncompatibleEndEpoch)]
fun a_pool_grows_by_storage_that_has_begun_only() {
    let (mut world, mut pool) = start();
    let (system, _, _, _, wal, ctx) = world.all();
    let storage = system.reserve_space_for_epochs(500, 8, 9, wal, ctx);
    system.increase_storage_pool_capacity_with_storage(&mut pool, storage);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EDuplicateMetadata)]
fun attributes_are_added_once() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    pool.add_blob_metadata(blob_id(), metadata::new());
    pool.add_blob_metadata(blob_id(), metadata::new());
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EMissingMetadata)]
fun attributes_that_are_not_there_are_not_taken() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    pool.take_blob_metadata(blob_id());
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EInvalidPercent)]
fun there_are_100_percent() {
    let (mut world, mut pool) = start();
    let (system, _, _, _, _, ctx) = world.all();
    destroy(system.decrease_storage_pool_unused_capacity_by_percent(&mut pool, 101, ctx));
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::system::EZeroExtractSize)]
fun nothing_is_not_given_up() {
    let (mut world, mut pool) = start();
    let (system, _, _, _, _, ctx) = world.all();
    destroy(system.decrease_storage_pool_capacity_by_size(&mut pool, 0, ctx));
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::system::EZeroExtractSize)]
fun no_percent_is_not_given_up() {
    let (mut world, mut pool) = start();
    let (system, _, _, _, _, ctx) = world.all();
    destroy(system.decrease_storage_pool_unused_capacity_by_percent(&mut pool, 0, ctx));
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidEpochsAhead)]
fun a_pool_is_extended_within_the_ring() {
    let (mut world, mut pool) = start();
    let (system, _, _, _, wal, _) = world.all();
    system.extend_storage_pool(&mut pool, 3, wal);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidResourceSize)]
fun a_pool_grows_by_something() {
    let (mut world, mut pool) = start();
    let (system, _, _, _, wal, _) = world.all();
    system.increase_storage_pool_capacity(&mut pool, 0, wal);
    end(world, pool)
}

#[test, expected_failure(abort_code = sui::dynamic_field::EFieldAlreadyExists, location = sui::dynamic_field)]
fun a_blob_id_is_in_a_pool_once() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    world.register(&mut pool, true);
    end(world, pool)
}

#[test, expected_failure(abort_code = sui::dynamic_field::EFieldDoesNotExist, location = sui::dynamic_field)]
fun a_blob_that_is_not_there_is_not_deleted() {
    let (mut world, mut pool) = start();
    world.system().delete_pooled_blob(&mut pool, 1);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EMissingMetadata)]
fun no_pair_is_removed_where_there_are_none() {
    let (mut world, mut pool) = start();
    world.register(&mut pool, true);
    let key = b"type".to_string();
    pool.remove_blob_metadata_pair(blob_id(), &key);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::system_state_inner::EInvalidEpochsAhead)]
fun a_pool_is_extended_by_something() {
    let (mut world, mut pool) = start();
    let (system, _, _, _, wal, _) = world.all();
    system.extend_storage_pool(&mut pool, 0, wal);
    end(world, pool)
}

#[test, expected_failure(abort_code = walrus::storage_pool::EResourceBounds)]
fun expired_storage_makes_no_pool() {
    let mut world = network::start();
    let storage = world.reserve(1);
    world.next_epoch();
    let (system, _, _, _, _, ctx) = world.all();
    let pool = system.create_storage_pool_with_storage(storage, ctx);
    end(world, pool)
}
