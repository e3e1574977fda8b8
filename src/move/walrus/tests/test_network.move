/// A network of four nodes with 10 shards for the tests of this package.
#[test_only]
module walrus::test_network;

use sui::clock::{Self, Clock};
use sui::coin::{Self, Coin};
use sui::test_scenario::{Self as scenario, Scenario};
use wal::wal::WAL;
use walrus::blob::{Self, Blob};
use walrus::genesis::{Self, AdminCap};
use walrus::messages;
use walrus::staking::Staking;
use walrus::system::System;

const OWNER: address = @0xA;
const CAPACITY: u64 = 1_000_000_000;
const STORAGE_PRICE: u64 = 5;
const WRITE_PRICE: u64 = 2;
const ROOT: u256 = 0xABC;
const SIZE: u64 = 1_800_000;

/// Any point will do: signatures are not checked by this VM.
const KEY: vector<u8> =
    x"97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";

public struct World {
    test: Scenario,
    system: System,
    staking: Staking,
    admin: AdminCap,
    clock: Clock,
    wal: Coin<WAL>,
}

public fun key(): vector<u8> {
    KEY
}

public fun network_key(): vector<u8> {
    let mut key = vector[];
    while (key.length() < 33) key.push_back(2);
    key
}

public fun start(): World {
    let mut test = scenario::begin(OWNER);
    genesis::init_for_testing(test.ctx());
    test.next_tx(OWNER);
    let admin = test.take_from_sender<AdminCap>();
    let mut clock = clock::create_for_testing(test.ctx());
    clock.set_for_testing(1_000);
    let mut setup = genesis::begin(&admin, @0xF, 10, 4, 7, 60_000, CAPACITY, STORAGE_PRICE, WRITE_PRICE);
    let shards = vector[vector[0, 1, 2, 3], vector[4, 5], vector[9, 8], vector[6, 7]];
    shards.do_ref!(|list| {
        setup.add_node(
            b"node".to_string(),
            b"127.0.0.1:9000".to_string(),
            KEY,
            network_key(),
            *list,
            test.ctx(),
        );
    });
    setup.finish(&clock, test.ctx());
    test.next_tx(OWNER);
    let system = test.take_shared<System>();
    let staking = test.take_shared<Staking>();
    let wal = coin::mint_for_testing(1_000_000, test.ctx());
    World { test, system, staking, admin, clock, wal }
}

public fun end(self: World) {
    let World { test, system, staking, admin, clock, wal } = self;
    scenario::return_shared(system);
    scenario::return_shared(staking);
    scenario::return_to_address(OWNER, admin);
    clock.destroy_for_testing();
    wal.burn_for_testing();
    test.end();
}

public fun test(self: &mut World): &mut Scenario {
    &mut self.test
}

public fun ctx(self: &mut World): &mut TxContext {
    self.test.ctx()
}

public fun system(self: &mut World): &mut System {
    &mut self.system
}

/// Everything at once, for calls that need several.
public fun all(
    self: &mut World,
): (&mut System, &mut Staking, &AdminCap, &Clock, &mut Coin<WAL>, &mut TxContext) {
    let World { test, system, staking, admin, clock, wal } = self;
    (system, staking, admin, clock, wal, test.ctx())
}

public fun root(): u256 {
    ROOT
}

public fun size(): u64 {
    SIZE
}

public fun staking(self: &mut World): &mut Staking {
    &mut self.staking
}

public fun wal(self: &mut World): &mut Coin<WAL> {
    &mut self.wal
}

public fun paid(self: &World): u64 {
    1_000_000 - self.wal.value()
}

public fun next_epoch(self: &mut World) {
    let World { system, staking, admin, clock, .. } = self;
    admin.advance_epoch(system, staking, clock)
}

use fun genesis::advance_epoch as AdminCap.advance_epoch;
use fun genesis::set_prices as AdminCap.set_prices;
use fun genesis::set_capacity as AdminCap.set_capacity;
use fun genesis::set_network_address as AdminCap.set_network_address;

public fun set_prices(self: &mut World, storage_price: u64, write_price: u64) {
    let World { system, admin, .. } = self;
    admin.set_prices(system, storage_price, write_price)
}

public fun set_capacity(self: &mut World, capacity: u64) {
    let World { system, admin, .. } = self;
    admin.set_capacity(system, capacity)
}

public fun set_network_address(self: &mut World, node_id: ID, to: vector<u8>) {
    let World { staking, admin, .. } = self;
    admin.set_network_address(staking, node_id, to.to_string())
}

public fun admin(self: &World): &AdminCap {
    &self.admin
}

public fun clock(self: &World): &Clock {
    &self.clock
}

/// Encoded bytes of a test blob: 10 shards.
public fun encoded(): u64 {
    walrus::encoding::encoded_blob_length(SIZE, 1, 10)
}

public fun blob_id(): u256 {
    blob::derive_blob_id(ROOT, 1, SIZE)
}

public fun reserve(self: &mut World, epochs: u32): walrus::storage_resource::Storage {
    let World { test, system, wal, .. } = self;
    system.reserve_space(encoded(), epochs, wal, test.ctx())
}

public fun register(self: &mut World, epochs: u32, deletable: bool): Blob {
    let storage = self.reserve(epochs);
    let World { test, system, wal, .. } = self;
    system.register_blob(storage, blob_id(), ROOT, SIZE, 1, deletable, wal, test.ctx())
}

public fun certify(self: &mut World, blob: &mut Blob) {
    let epoch = self.system.epoch();
    let message = if (blob.is_deletable()) {
        messages::certified_deletable_message_bytes(epoch, blob.blob_id(), object::id(blob))
    } else {
        messages::certified_permanent_message_bytes(epoch, blob.blob_id())
    };
    self.certify_with(blob, message)
}

public fun certify_with(self: &mut World, blob: &mut Blob, message: vector<u8>) {
    self.system.certify_blob(blob, x"", x"0f", message)
}
