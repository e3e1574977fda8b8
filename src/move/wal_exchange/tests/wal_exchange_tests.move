#[test_only]
module wal_exchange::wal_exchange_tests;

use std::unit_test::destroy;
use sui::coin::{Self, Coin};
use sui::sui::SUI;
use sui::test_scenario::{Self as scenario, Scenario};
use wal::wal::WAL;
use wal_exchange::wal_exchange::{Self, AdminCap, Exchange};

/// 1,000 WAL and 500 SUI in it, three WAL for two SUI.
fun start(): (Scenario, Exchange, AdminCap) {
    let mut test = scenario::begin(@0xA);
    let mut wal = coin::mint_for_testing<WAL>(1_500, test.ctx());
    let cap = wal_exchange::new_funded(&mut wal, 1_000, test.ctx());
    assert!(wal.value() == 500);
    destroy(wal);
    test.next_tx(@0xA);
    let mut exchange = test.take_shared<Exchange>();
    exchange.add_all_sui(coin::mint_for_testing(500, test.ctx()));
    exchange.set_exchange_rate(3, 2, &cap);
    (test, exchange, cap)
}

fun end(test: Scenario, exchange: Exchange, cap: AdminCap) {
    destroy(exchange);
    destroy(cap);
    test.end();
}

fun sui(test: &mut Scenario, amount: u64): Coin<SUI> {
    coin::mint_for_testing(amount, test.ctx())
}

fun wal(test: &mut Scenario, amount: u64): Coin<WAL> {
    coin::mint_for_testing(amount, test.ctx())
}

#[test]
fun sui_becomes_wal_and_back() {
    let (mut test, mut exchange, cap) = start();
    let coin = sui(&mut test, 101);
    let got = exchange.exchange_all_for_wal(coin, test.ctx());
    assert!(got.value() == 151);
    let back = exchange.exchange_all_for_sui(got, test.ctx());
    assert!(back.value() == 100);
    destroy(back);
    end(test, exchange, cap)
}

#[test]
fun a_part_of_a_coin_is_changed() {
    let (mut test, mut exchange, cap) = start();
    let mut coin = sui(&mut test, 50);
    let got = exchange.exchange_for_wal(&mut coin, 20, test.ctx());
    assert!(coin.value() == 30 && got.value() == 30);
    let mut wal_coin = got;
    let back = exchange.exchange_for_sui(&mut wal_coin, 15, test.ctx());
    assert!(wal_coin.value() == 15 && back.value() == 10);
    destroy(coin);
    destroy(wal_coin);
    destroy(back);
    end(test, exchange, cap)
}

#[test]
fun an_empty_exchange_is_filled_and_emptied() {
    let mut test = scenario::begin(@0xA);
    let cap = wal_exchange::new(test.ctx());
    test.next_tx(@0xA);
    let mut exchange = test.take_shared<Exchange>();
    let mut some_wal = wal(&mut test, 10);
    let mut some_sui = sui(&mut test, 10);
    exchange.add_wal(&mut some_wal, 4);
    exchange.add_sui(&mut some_sui, 3);
    exchange.add_all_wal(some_wal);
    exchange.add_all_sui(some_sui);
    let all_wal = exchange.withdraw_wal(10, &cap, test.ctx());
    let all_sui = exchange.withdraw_sui(10, &cap, test.ctx());
    destroy(all_wal);
    destroy(all_sui);
    end(test, exchange, cap)
}

#[test, expected_failure(abort_code = wal_exchange::EInsufficientFundsInExchange)]
fun the_exchange_gives_what_it_has() {
    let (mut test, mut exchange, cap) = start();
    let coin = sui(&mut test, 700);
    destroy(exchange.exchange_all_for_wal(coin, test.ctx()));
    end(test, exchange, cap)
}

#[test, expected_failure(abort_code = wal_exchange::EInsufficientFundsInExchange)]
fun the_admin_takes_what_is_there() {
    let (mut test, mut exchange, cap) = start();
    destroy(exchange.withdraw_sui(501, &cap, test.ctx()));
    end(test, exchange, cap)
}

#[test, expected_failure(abort_code = wal_exchange::EInsufficientInputBalance)]
fun nobody_changes_more_than_he_has() {
    let (mut test, mut exchange, cap) = start();
    let mut coin = sui(&mut test, 5);
    destroy(exchange.exchange_for_wal(&mut coin, 6, test.ctx()));
    destroy(coin);
    end(test, exchange, cap)
}

#[test, expected_failure(abort_code = wal_exchange::EUnauthorizedAdminCap)]
fun the_admin_of_another_exchange_takes_nothing() {
    let (mut test, mut exchange, cap) = start();
    let other = wal_exchange::new(test.ctx());
    destroy(exchange.withdraw_wal(1, &other, test.ctx()));
    destroy(other);
    end(test, exchange, cap)
}

#[test, expected_failure(abort_code = wal_exchange::EInvalidExchangeRate)]
fun a_rate_has_two_sides() {
    let (test, mut exchange, cap) = start();
    exchange.set_exchange_rate(1, 0, &cap);
    end(test, exchange, cap)
}

#[test, expected_failure(abort_code = wal_exchange::EInsufficientInputBalance)]
fun nobody_changes_more_wal_than_he_has() {
    let (mut test, mut exchange, cap) = start();
    let mut coin = wal(&mut test, 5);
    destroy(exchange.exchange_for_sui(&mut coin, 6, test.ctx()));
    destroy(coin);
    end(test, exchange, cap)
}

#[test, expected_failure(abort_code = wal_exchange::EInsufficientInputBalance)]
fun nobody_adds_more_wal_than_he_has() {
    let (mut test, mut exchange, cap) = start();
    let mut coin = wal(&mut test, 5);
    exchange.add_wal(&mut coin, 6);
    destroy(coin);
    end(test, exchange, cap)
}

#[test, expected_failure(abort_code = wal_exchange::EInsufficientInputBalance)]
fun nobody_adds_more_sui_than_he_has() {
    let (mut test, mut exchange, cap) = start();
    let mut coin = sui(&mut test, 5);
    exchange.add_sui(&mut coin, 6);
    destroy(coin);
    end(test, exchange, cap)
}

#[test, expected_failure(abort_code = wal_exchange::EInsufficientInputBalance)]
fun an_exchange_is_funded_from_what_is_there() {
    let mut test = scenario::begin(@0xA);
    let mut coin = wal(&mut test, 5);
    let cap = wal_exchange::new_funded(&mut coin, 6, test.ctx());
    destroy(cap);
    destroy(coin);
    test.end();
}
