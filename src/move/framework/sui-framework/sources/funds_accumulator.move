/// Funds of addresses: sent to them without an object, and taken from them by a `Withdrawal`, which transactions get as an
/// input for their sender (or sponsor) and objects can make for themselves.
module sui::funds_accumulator;

use sui::accumulator;

/// More was asked for than the type can hold.
const EOverflow: u64 = 0;
/// A part of a withdrawal cannot be more than the whole.
const EInvalidSubLimit: u64 = 1;
/// Withdrawals of different owners cannot be joined.
const EOwnerMismatch: u64 = 2;

public use fun withdrawal_owner as Withdrawal.owner;
public use fun withdrawal_limit as Withdrawal.limit;
public use fun withdrawal_split as Withdrawal.split;
public use fun withdrawal_join as Withdrawal.join;

/// The right to take up to `limit` from the funds of `owner`.
public struct Withdrawal<phantom T: store> has drop {
    owner: address,
    limit: u256,
}

public fun withdrawal_owner<T: store>(withdrawal: &Withdrawal<T>): address {
    withdrawal.owner
}

public fun withdrawal_limit<T: store>(withdrawal: &Withdrawal<T>): u256 {
    withdrawal.limit
}

public fun withdrawal_split<T: store>(withdrawal: &mut Withdrawal<T>, sub_limit: u256): Withdrawal<T> {
    assert!(sub_limit <= withdrawal.limit, EInvalidSubLimit);
    withdrawal.limit = withdrawal.limit - sub_limit;
    Withdrawal { owner: withdrawal.owner, limit: sub_limit }
}

public fun withdrawal_join<T: store>(withdrawal: &mut Withdrawal<T>, other: Withdrawal<T>) {
    let Withdrawal { owner, limit } = other;
    assert!(owner == withdrawal.owner, EOwnerMismatch);
    assert!(0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff - limit >= withdrawal.limit, EOverflow);
    withdrawal.limit = withdrawal.limit + limit;
}

public(package) fun withdraw_from_object<T: store>(object: &UID, limit: u256): Withdrawal<T> {
    Withdrawal { owner: object.to_address(), limit }
}

/// All that the withdrawal allows.
public(package) fun redeem<T: store>(withdrawal: Withdrawal<T>): T {
    let Withdrawal { owner, limit } = withdrawal;
    withdraw_from_accumulator_address(accumulator::accumulator_address<T>(owner), owner, limit)
}

/// `value` holds one u64.
public(package) fun send<T: store>(value: T, recipient: address) {
    add_to_accumulator_address(accumulator::accumulator_address<T>(recipient), recipient, value)
}

native fun add_to_accumulator_address<T: store>(accumulator: address, recipient: address, value: T);

native fun withdraw_from_accumulator_address<T: store>(accumulator: address, owner: address, value: u256): T;
