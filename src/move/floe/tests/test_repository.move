/// A repository with its admin for the tests of this package.
#[test_only]
module floe::test_repository;

use floe::push::{Self, Push};
use floe::repository::{Self, AdminCap, Repository};
use std::string::String;
use sui::clock::{Self, Clock};
use sui::test_scenario::{Self as scenario, Scenario};
use walrus::blob::{Self, Blob};

const OWNER: address = @0xA;
const GRACE_MS: u64 = 1_000;
const START_MS: u64 = 50_000;
/// Bytes of every test blob.
const BYTES: u64 = 900;

public struct World {
    test: Scenario,
    repository: Repository,
    admin: AdminCap,
    clock: Clock,
}

public fun start(): World {
    let mut test = scenario::begin(OWNER);
    let mut clock = clock::create_for_testing(test.ctx());
    clock.set_for_testing(START_MS);
    let (repository, admin) = repository::create(b"cats".to_string(), GRACE_MS, &clock, test.ctx());
    repository.share();
    test.next_tx(OWNER);
    let repository = test.take_shared<Repository>();
    World { test, repository, admin, clock }
}

public fun end(self: World) {
    let World { test, repository, admin, clock } = self;
    scenario::return_shared(repository);
    transfer::public_transfer(admin, OWNER);
    clock.destroy_for_testing();
    test.end();
}

/// The next transaction, by somebody else perhaps.
public fun as_sender(self: &mut World, sender: address) {
    self.test.next_tx(sender);
}

public fun wait(self: &mut World, ms: u64) {
    let now = self.clock.timestamp_ms();
    self.clock.set_for_testing(now + ms)
}

/// A second repository, not shared.
public fun start_another(self: &mut World): Repository {
    let (repository, admin) = repository::create(
        b"dogs".to_string(),
        GRACE_MS,
        &self.clock,
        self.test.ctx(),
    );
    transfer::public_transfer(admin, OWNER);
    repository
}

public fun test(self: &mut World): &mut Scenario {
    &mut self.test
}

public fun repository(self: &mut World): &mut Repository {
    &mut self.repository
}

public fun admin(self: &World): &AdminCap {
    &self.admin
}

public fun ctx(self: &mut World): &mut TxContext {
    self.test.ctx()
}

public fun clock(self: &World): &Clock {
    &self.clock
}

/// Everything at once, for calls that need several.
public fun all(self: &mut World): (&mut Repository, &AdminCap, &Clock, &mut TxContext) {
    (&mut self.repository, &self.admin, &self.clock, self.test.ctx())
}

public fun main(): String {
    b"refs/heads/main".to_string()
}

/// A 32-byte id.
public fun id(tag: u8): vector<u8> {
    let mut bytes = vector[];
    while (bytes.length() < 32) bytes.push_back(tag);
    bytes
}

public fun some(tag: u8): Option<vector<u8>> {
    option::some(id(tag))
}

/// Certified in epoch 5, ends with epoch 9, deletable.
public fun blob(self: &mut World, blob_id: u256): Blob {
    self.blob_with(blob_id, option::some(5), 10, true)
}

public fun blob_with(
    self: &mut World,
    blob_id: u256,
    certified_epoch: Option<u32>,
    end_epoch: u32,
    deletable: bool,
): Blob {
    blob::new_for_testing(blob_id, BYTES, 5, certified_epoch, end_epoch, deletable, self.test.ctx())
}

public fun begin(self: &mut World, ref: String, expected_old: Option<vector<u8>>): Push {
    let generation = floe::packs::generation(&self.repository);
    push::begin(&mut self.repository, ref, expected_old, generation, 0, self.test.ctx())
}

public fun deposit(self: &mut World, push: &mut Push, blob: Blob, kind: u8): u64 {
    push.deposit(&mut self.repository, blob, kind, &self.clock, self.test.ctx())
}

public fun finish(self: &mut World, push: Push, new: u8, commit_pack: u64): u64 {
    self.finish_forced(push, new, commit_pack, false)
}

public fun finish_forced(self: &mut World, push: Push, new: u8, commit_pack: u64, forced: bool): u64 {
    push.finish(
        &mut self.repository,
        id(new),
        id(0xEE),
        commit_pack,
        option::none(),
        forced,
        &self.clock,
        self.test.ctx(),
    )
}

/// One meta pack, deposited and pushed to main; returns the pack.
public fun push_main(self: &mut World, old: Option<vector<u8>>, new: u8): u64 {
    let mut push = self.begin(main(), old);
    let blob = self.blob(0x1000 + (new as u256));
    let pack = self.deposit(&mut push, blob, 1);
    self.finish(push, new, pack);
    pack
}
