/// The WAL coin. All of it is minted once; afterwards it can only be burned.
module wal::wal;

use sui::coin::{Self, Coin, TreasuryCap};
use sui::dynamic_object_field as ofield;

const DECIMALS: u8 = 9;
/// 5 000 000 000 WAL in FROST.
const TOTAL_SUPPLY: u64 = 5_000_000_000_000_000_000;

/// The coin type and its one-time witness.
public struct WAL has drop {}

/// Holds the treasury capability, so that nobody can mint.
public struct ProtectedTreasury has key {
    id: UID,
}

public struct TreasuryCapKey has copy, drop, store {}

#[allow(lint(self_transfer))]
fun init(otw: WAL, ctx: &mut TxContext) {
    let (mut cap, metadata) = coin::create_currency(
        otw,
        DECIMALS,
        b"WAL",
        b"WAL Token",
        b"Pays for storage on Walrus",
        option::none(),
        ctx,
    );
    let minted = cap.mint(TOTAL_SUPPLY, ctx);
    let mut treasury = ProtectedTreasury { id: object::new(ctx) };
    ofield::add(&mut treasury.id, TreasuryCapKey {}, cap);
    transfer::share_object(treasury);
    transfer::public_freeze_object(metadata);
    transfer::public_transfer(minted, ctx.sender())
}

/// FROST in existence.
public fun total_supply(treasury: &ProtectedTreasury): u64 {
    let cap: &TreasuryCap<WAL> = ofield::borrow(&treasury.id, TreasuryCapKey {});
    cap.total_supply()
}

public fun burn(treasury: &mut ProtectedTreasury, coin: Coin<WAL>) {
    let cap: &mut TreasuryCap<WAL> = ofield::borrow_mut(&mut treasury.id, TreasuryCapKey {});
    cap.burn(coin);
}

#[test_only]
public fun init_for_testing(ctx: &mut TxContext) {
    init(sui::test_utils::create_one_time_witness(), ctx)
}
