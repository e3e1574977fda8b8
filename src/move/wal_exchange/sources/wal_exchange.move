/// Changes SUI into WAL and back at a rate that its admin sets: how users of a test network get WAL. Interface, layout and
/// abort codes are those of the package on the public test network.
module wal_exchange::wal_exchange;

use sui::balance::{Self, Balance};
use sui::coin::{Self, Coin};
use sui::sui::SUI;
use wal::wal::WAL;

/// The exchange has too little of what is asked for.
const EInsufficientFundsInExchange: u64 = 0;
/// The coin has less than is to be changed.
const EInsufficientInputBalance: u64 = 1;
/// The capability is for another exchange.
const EUnauthorizedAdminCap: u64 = 2;
/// A side of the rate is 0.
const EInvalidExchangeRate: u64 = 3;

/// So much WAL (FROST) for so much SUI (MIST).
public struct ExchangeRate has copy, drop, store {
    wal: u64,
    sui: u64,
}

public struct Exchange has key, store {
    id: UID,
    wal: Balance<WAL>,
    sui: Balance<SUI>,
    rate: ExchangeRate,
    /// Id of the capability.
    admin: ID,
}

public struct AdminCap has key, store {
    id: UID,
}

// Setting up

/// An empty exchange, one to one, shared.
public fun new(ctx: &mut TxContext): AdminCap {
    let cap = AdminCap { id: object::new(ctx) };
    transfer::share_object(Exchange {
        id: object::new(ctx),
        wal: balance::zero(),
        sui: balance::zero(),
        rate: ExchangeRate { wal: 1, sui: 1 },
        admin: object::id(&cap),
    });
    cap
}

/// The same with WAL in it.
public fun new_funded(wal: &mut Coin<WAL>, amount: u64, ctx: &mut TxContext): AdminCap {
    let cap = AdminCap { id: object::new(ctx) };
    assert!(wal.value() >= amount, EInsufficientInputBalance);
    transfer::share_object(Exchange {
        id: object::new(ctx),
        wal: wal.balance_mut().split(amount),
        sui: balance::zero(),
        rate: ExchangeRate { wal: 1, sui: 1 },
        admin: object::id(&cap),
    });
    cap
}

// Anyone may add

public fun add_wal(self: &mut Exchange, wal: &mut Coin<WAL>, amount: u64) {
    assert!(wal.value() >= amount, EInsufficientInputBalance);
    self.wal.join(wal.balance_mut().split(amount));
}

public fun add_sui(self: &mut Exchange, sui: &mut Coin<SUI>, amount: u64) {
    assert!(sui.value() >= amount, EInsufficientInputBalance);
    self.sui.join(sui.balance_mut().split(amount));
}

public fun add_all_wal(self: &mut Exchange, wal: Coin<WAL>) {
    self.wal.join(wal.into_balance());
}

public fun add_all_sui(self: &mut Exchange, sui: Coin<SUI>) {
    self.sui.join(sui.into_balance());
}

// The admin

public fun withdraw_wal(
    self: &mut Exchange,
    amount: u64,
    admin_cap: &AdminCap,
    ctx: &mut TxContext,
): Coin<WAL> {
    self.assert_admin(admin_cap);
    self.pay_wal(amount, ctx)
}

public fun withdraw_sui(
    self: &mut Exchange,
    amount: u64,
    admin_cap: &AdminCap,
    ctx: &mut TxContext,
): Coin<SUI> {
    self.assert_admin(admin_cap);
    self.pay_sui(amount, ctx)
}

public fun set_exchange_rate(self: &mut Exchange, wal: u64, sui: u64, admin_cap: &AdminCap) {
    self.assert_admin(admin_cap);
    assert!(wal > 0 && sui > 0, EInvalidExchangeRate);
    self.rate = ExchangeRate { wal, sui }
}

// Changing. Fractions are rounded down.

public fun exchange_all_for_wal(self: &mut Exchange, sui: Coin<SUI>, ctx: &mut TxContext): Coin<WAL> {
    let amount = sui.value();
    self.sui.join(sui.into_balance());
    let out = scaled(amount, self.rate.wal, self.rate.sui);
    self.pay_wal(out, ctx)
}

public fun exchange_for_wal(
    self: &mut Exchange,
    sui: &mut Coin<SUI>,
    amount_sui: u64,
    ctx: &mut TxContext,
): Coin<WAL> {
    assert!(sui.value() >= amount_sui, EInsufficientInputBalance);
    let part = sui.split(amount_sui, ctx);
    self.exchange_all_for_wal(part, ctx)
}

public fun exchange_all_for_sui(self: &mut Exchange, wal: Coin<WAL>, ctx: &mut TxContext): Coin<SUI> {
    let amount = wal.value();
    self.wal.join(wal.into_balance());
    let out = scaled(amount, self.rate.sui, self.rate.wal);
    self.pay_sui(out, ctx)
}

public fun exchange_for_sui(
    self: &mut Exchange,
    wal: &mut Coin<WAL>,
    amount_wal: u64,
    ctx: &mut TxContext,
): Coin<SUI> {
    assert!(wal.value() >= amount_wal, EInsufficientInputBalance);
    let part = wal.split(amount_wal, ctx);
    self.exchange_all_for_sui(part, ctx)
}

fun pay_wal(self: &mut Exchange, amount: u64, ctx: &mut TxContext): Coin<WAL> {
    assert!(self.wal.value() >= amount, EInsufficientFundsInExchange);
    coin::take(&mut self.wal, amount, ctx)
}

fun pay_sui(self: &mut Exchange, amount: u64, ctx: &mut TxContext): Coin<SUI> {
    assert!(self.sui.value() >= amount, EInsufficientFundsInExchange);
    coin::take(&mut self.sui, amount, ctx)
}

fun scaled(amount: u64, numerator: u64, denominator: u64): u64 {
    (((amount as u128) * (numerator as u128)) / (denominator as u128)) as u64
}

fun assert_admin(self: &Exchange, admin_cap: &AdminCap) {
    assert!(self.admin == object::id(admin_cap), EUnauthorizedAdminCap)
}
