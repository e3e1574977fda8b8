/// The right to store a number of encoded bytes over a period of epochs.
module walrus::storage_resource;

/// The split epoch lies outside the period.
const EInvalidEpoch: u64 = 0;
/// The periods are not adjacent, or not equal.
const EIncompatibleEpochs: u64 = 1;
/// The sizes differ, or the split is larger than the resource.
const EIncompatibleAmount: u64 = 2;
/// The period would be empty.
const EInvalidEpochRange: u64 = 3;

public struct Storage has key, store {
    id: UID,
    start_epoch: u32,
    end_epoch: u32,
    storage_size: u64,
}

public fun start_epoch(self: &Storage): u32 {
    self.start_epoch
}

/// The first epoch no longer covered.
public fun end_epoch(self: &Storage): u32 {
    self.end_epoch
}

public fun size(self: &Storage): u64 {
    self.storage_size
}

public(package) fun create_storage(
    start_epoch: u32,
    end_epoch: u32,
    storage_size: u64,
    ctx: &mut TxContext,
): Storage {
    assert!(end_epoch > start_epoch, EInvalidEpochRange);
    Storage { id: object::new(ctx), start_epoch, end_epoch, storage_size }
}

public(package) fun extend_end_epoch(self: &mut Storage, extension_epochs: u32) {
    self.end_epoch = self.end_epoch + extension_epochs
}

public(package) fun increase_size(self: &mut Storage, bytes: u64) {
    self.storage_size = self.storage_size + bytes
}

/// `storage` keeps the epochs before `split_epoch`, the result has the rest.
public fun split_by_epoch(storage: &mut Storage, split_epoch: u32, ctx: &mut TxContext): Storage {
    assert!(storage.start_epoch < split_epoch && split_epoch < storage.end_epoch, EInvalidEpoch);
    let end_epoch = storage.end_epoch;
    storage.end_epoch = split_epoch;
    Storage {
        id: object::new(ctx),
        start_epoch: split_epoch,
        end_epoch,
        storage_size: storage.storage_size,
    }
}

/// `storage` keeps `split_size` bytes, the result has the rest.
public fun split_by_size(storage: &mut Storage, split_size: u64, ctx: &mut TxContext): Storage {
    assert!(split_size <= storage.storage_size, EIncompatibleAmount);
    let storage_size = storage.storage_size - split_size;
    storage.storage_size = split_size;
    Storage {
        id: object::new(ctx),
        start_epoch: storage.start_epoch,
        end_epoch: storage.end_epoch,
        storage_size,
    }
}

/// Joins two adjacent periods of the same size.
public fun fuse_periods(first: &mut Storage, second: Storage) {
    let Storage { id, start_epoch, end_epoch, storage_size } = second;
    id.delete();
    assert!(first.storage_size == storage_size, EIncompatibleAmount);
    if (first.end_epoch == start_epoch) {
        first.end_epoch = end_epoch
    } else {
        assert!(first.start_epoch == end_epoch, EIncompatibleEpochs);
        first.start_epoch = start_epoch
    }
}

/// Joins the sizes of two resources of the same period.
public fun fuse_amount(first: &mut Storage, second: Storage) {
    let Storage { id, start_epoch, end_epoch, storage_size } = second;
    id.delete();
    assert!(first.start_epoch == start_epoch && first.end_epoch == end_epoch, EIncompatibleEpochs);
    first.storage_size = first.storage_size + storage_size
}

/// By amount when both start together, otherwise by period.
public fun fuse(first: &mut Storage, second: Storage) {
    if (first.start_epoch == second.start_epoch) fuse_amount(first, second)
    else fuse_periods(first, second)
}

public fun destroy(storage: Storage) {
    let Storage { id, start_epoch: _, end_epoch: _, storage_size: _ } = storage;
    id.delete()
}

#[test_only]
public fun create_for_test(
    start_epoch: u32,
    end_epoch: u32,
    storage_size: u64,
    ctx: &mut TxContext,
): Storage {
    create_storage(start_epoch, end_epoch, storage_size, ctx)
}
