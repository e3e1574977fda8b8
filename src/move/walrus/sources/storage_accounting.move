/// Space sold and payments collected for each future epoch, in a ring.
module walrus::storage_accounting;

use sui::balance::{Self, Balance};
use wal::wal::WAL;

/// The epoch lies beyond the end of the ring.
const ETooFarInFuture: u64 = 0;

public struct FutureAccounting has store {
    epoch: u32,
    used_capacity: u64,
    rewards_to_distribute: Balance<WAL>,
}

/// The slot of epoch `now + i` is `ring_buffer[(current_index + i) % length]`.
public struct FutureAccountingRingBuffer has store {
    current_index: u32,
    length: u32,
    ring_buffer: vector<FutureAccounting>,
}

/// A ring for the epochs `first .. first + length`.
public(package) fun ring_new(length: u32, first: u32): FutureAccountingRingBuffer {
    let mut ring_buffer = vector[];
    let mut at = 0;
    while (at < length) {
        ring_buffer.push_back(new_future_accounting(first + at));
        at = at + 1;
    };
    FutureAccountingRingBuffer { current_index: 0, length, ring_buffer }
}

fun new_future_accounting(epoch: u32): FutureAccounting {
    FutureAccounting { epoch, used_capacity: 0, rewards_to_distribute: balance::zero() }
}

public fun max_epochs_ahead(self: &FutureAccountingRingBuffer): u32 {
    self.length
}

public fun ring_lookup(self: &FutureAccountingRingBuffer, epochs_in_future: u32): &FutureAccounting {
    assert!(epochs_in_future < self.length, ETooFarInFuture);
    &self.ring_buffer[((self.current_index + epochs_in_future) % self.length) as u64]
}

public(package) fun ring_lookup_mut(
    self: &mut FutureAccountingRingBuffer,
    epochs_in_future: u32,
): &mut FutureAccounting {
    assert!(epochs_in_future < self.length, ETooFarInFuture);
    &mut self.ring_buffer[((self.current_index + epochs_in_future) % self.length) as u64]
}

/// Hands out the slot of the epoch that ends and puts a fresh one, `length` epochs on, in its place.
public(package) fun ring_pop_expand(self: &mut FutureAccountingRingBuffer): FutureAccounting {
    let current = self.current_index;
    let next = new_future_accounting(self.ring_buffer[current as u64].epoch + self.length);
    self.ring_buffer.push_back(next);
    let ended = self.ring_buffer.swap_remove(current as u64);
    self.current_index = (current + 1) % self.length;
    ended
}

public fun epoch(self: &FutureAccounting): u32 {
    self.epoch
}

public fun used_capacity(self: &FutureAccounting): u64 {
    self.used_capacity
}

public fun rewards(self: &FutureAccounting): u64 {
    self.rewards_to_distribute.value()
}

public(package) fun increase_used_capacity(self: &mut FutureAccounting, amount: u64): u64 {
    self.used_capacity = self.used_capacity + amount;
    self.used_capacity
}

public(package) fun rewards_balance(self: &mut FutureAccounting): &mut Balance<WAL> {
    &mut self.rewards_to_distribute
}

public(package) fun unwrap_balance(self: FutureAccounting): Balance<WAL> {
    let FutureAccounting { epoch: _, used_capacity: _, rewards_to_distribute } = self;
    rewards_to_distribute
}

#[test_only]
public fun destroy_for_testing(self: FutureAccountingRingBuffer) {
    std::unit_test::destroy(self)
}
