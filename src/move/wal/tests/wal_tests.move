#[test_only]
module wal::wal_tests;

use sui::coin::{Coin, CoinMetadata};
use sui::test_scenario as scenario;
use wal::wal::{Self, ProtectedTreasury, WAL};

const PUBLISHER: address = @0xA;

#[test]
fun all_of_it_goes_to_the_publisher_and_can_be_burned() {
    let mut test = scenario::begin(PUBLISHER);
    wal::init_for_testing(test.ctx());
    test.next_tx(PUBLISHER);
    let mut treasury = test.take_shared<ProtectedTreasury>();
    let mut all = test.take_from_sender<Coin<WAL>>();
    assert!(all.value() == 5_000_000_000_000_000_000);
    assert!(treasury.total_supply() == all.value());
    let some = all.split(1_000, test.ctx());
    treasury.burn(some);
    assert!(treasury.total_supply() == all.value());
    test.return_to_sender(all);
    scenario::return_shared(treasury);
    test.end();
}

#[test]
fun the_description_is_frozen() {
    let mut test = scenario::begin(PUBLISHER);
    wal::init_for_testing(test.ctx());
    test.next_tx(PUBLISHER);
    let metadata = test.take_immutable<CoinMetadata<WAL>>();
    assert!(metadata.get_decimals() == 9);
    assert!(metadata.get_symbol().into_bytes() == b"WAL");
    assert!(metadata.get_name() == b"WAL Token".to_string());
    assert!(!metadata.get_description().is_empty());
    assert!(metadata.get_icon_url().is_none());
    scenario::return_immutable(metadata);
    test.end();
}
