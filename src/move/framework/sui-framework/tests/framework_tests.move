#[test_only]
module sui::framework_tests;

use std::unit_test::destroy;
use sui::bag;
use sui::balance::{Self, Balance};
use sui::bcs;
use sui::coin;
use sui::funds_accumulator::Withdrawal;
use sui::hex;
use sui::object_table;
use sui::package;
use sui::table;
use sui::url;
use sui::vec_map;
use sui::vec_set;

public struct Thing has key, store {
    id: UID,
    value: u64,
}

public struct Money has drop {}

#[test]
fun canonical_bytes_are_read_back() {
    let mut bytes = bcs::to_bytes(&true);
    bytes.append(bcs::to_bytes(&0x0102u16));
    bytes.append(bcs::to_bytes(&0x01020304u32));
    bytes.append(bcs::to_bytes(&0x0102030405060708u64));
    bytes.append(bcs::to_bytes(&7u128));
    bytes.append(bcs::to_bytes(&9u256));
    bytes.append(bcs::to_bytes(&@0xAB));
    bytes.append(bcs::to_bytes(&b"text"));
    bytes.append(bcs::to_bytes(&vector[@0x1, @0x2]));
    bytes.append(bcs::to_bytes(&vector[5u64]));
    bytes.append(bcs::to_bytes(&vector[b"a", b"b"]));
    bytes.append(bcs::to_bytes(&option::some(@0x3)));
    bytes.append(bcs::to_bytes(&option::none<u64>()));
    bytes.append(x"8001");
    bytes.append(b"rest");
    let mut reader = bcs::new(bytes);
    assert!(reader.peel_bool() && reader.peel_u16() == 0x0102 && reader.peel_u32() == 0x01020304);
    assert!(reader.peel_u64() == 0x0102030405060708 && reader.peel_u128() == 7 && reader.peel_u256() == 9);
    assert!(reader.peel_address() == @0xAB && reader.peel_vec_u8() == b"text");
    assert!(reader.peel_vec_address() == vector[@0x1, @0x2] && reader.peel_vec_u64() == vector[5]);
    assert!(reader.peel_vec_vec_u8() == vector[b"a", b"b"]);
    assert!(reader.peel_option_address() == option::some(@0x3) && reader.peel_option_u64().is_none());
    assert!(reader.peel_enum_tag() == 128 && reader.into_remainder_bytes() == b"rest");
}

#[test, expected_failure(abort_code = bcs::EOutOfRange)]
fun bytes_end() {
    bcs::new(x"01").peel_u16();
}

#[test, expected_failure(abort_code = bcs::ENotBool)]
fun two_is_no_truth() {
    bcs::new(x"02").peel_bool();
}

#[test, expected_failure(abort_code = bcs::ELenOutOfRange)]
fun lengths_are_short() {
    bcs::new(x"808080808001").peel_vec_length();
}

#[test]
fun hex_text() {
    assert!(hex::encode(x"00ab7f") == b"00ab7f" && hex::decode(b"00aB7F") == x"00ab7f");
}

#[test, expected_failure(abort_code = hex::ENotValidHexCharacter)]
fun other_letters_are_no_hex() {
    hex::decode(b"0g");
}

#[test, expected_failure(abort_code = hex::EInvalidHexLength)]
fun half_a_byte_is_no_hex() {
    hex::decode(b"0");
}

#[test]
fun small_maps_and_sets() {
    let mut map = vec_map::empty();
    map.insert(1u64, 10u64);
    map.insert(2, 20);
    *map.get_mut(&2) = 21;
    assert!(map[&2] == 21 && map.try_get(&3).is_none() && map.get_idx(&2) == 1 && map.length() == 2);
    let (key, value) = map.get_entry_by_idx(0);
    assert!(*key == 1 && *value == 10 && map.keys() == vector[1, 2]);
    let (_, value) = map.get_entry_by_idx_mut(0);
    *value = 11;
    assert!(map[&1] == 11);
    let (keys, values) = (copy map).into_keys_values();
    assert!(keys == vector[1, 2] && values == vector[11, 21]);
    let (_, last) = map.pop();
    let (_, first) = map.remove(&1);
    assert!(last == 21 && first == 11 && map.is_empty());
    map.destroy_empty();
    let mut set = vec_set::singleton(5u64);
    set.insert(6);
    assert!(set.contains(&6) && set.length() == 2 && *set.keys() == vector[5, 6]);
    set.remove(&5);
    assert!(set.into_keys() == vector[6] && vec_set::empty<u64>().is_empty());
}

#[test, expected_failure(abort_code = vec_map::EKeyAlreadyExists)]
fun a_key_is_inserted_once() {
    let mut map = vec_map::empty();
    map.insert(1u64, 1u64);
    map.insert(1, 2);
}

#[test]
fun tables_bags_and_object_tables() {
    let ctx = &mut tx_context::dummy();
    let mut table = table::new(ctx);
    table.add(1u64, 2u64);
    *&mut table[1] = 3;
    assert!(table[1] == 3 && table.contains(1) && table.length() == 1 && !table.is_empty());
    assert!(table.remove(1) == 3);
    table.destroy_empty();
    let mut bag = bag::new(ctx);
    bag.add(b"a", 1u64);
    bag.add(2u8, true);
    assert!(bag.contains_with_type<vector<u8>, u64>(b"a") && !bag.contains(3u8) && bag.length() == 2);
    *bag.borrow_mut<vector<u8>, u64>(b"a") = 5;
    assert!(*bag.borrow<vector<u8>, u64>(b"a") == 5);
    assert!(bag.remove<vector<u8>, u64>(b"a") == 5 && bag.remove(2u8) && bag.is_empty());
    bag.destroy_empty();
    let mut objects = object_table::new(ctx);
    let thing = Thing { id: object::new(ctx), value: 8 };
    let thing_id = object::id(&thing);
    objects.add(1u64, thing);
    assert!(objects.value_id(1) == option::some(thing_id) && objects.value_id(2).is_none());
    objects.borrow_mut(1).value = 9;
    assert!(objects[1].value == 9 && objects.contains(1) && objects.length() == 1);
    let Thing { id, value } = objects.remove(1);
    id.delete();
    assert!(value == 9 && objects.is_empty());
    objects.destroy_empty();
}

#[test, expected_failure(abort_code = table::ETableNotEmpty)]
fun a_full_table_is_not_destroyed() {
    let mut table = table::new(&mut tx_context::dummy());
    table.add(1u64, 2u64);
    table.destroy_empty();
}

#[test]
fun coins_are_minted_split_joined_and_burned() {
    let ctx = &mut tx_context::dummy();
    let otw = sui::test_utils::create_one_time_witness<FRAMEWORK_TESTS>();
    let icon = option::some(url::new_unsafe_from_bytes(b"https://a.b/c"));
    let (mut cap, metadata) = coin::create_currency(otw, 6, b"TST", b"Test", b"", icon, ctx);
    assert!(metadata.get_icon_url().destroy_some().inner_url().into_bytes() == b"https://a.b/c");
    let mut coin = cap.mint(100, ctx);
    let parts = coin.divide_into_n(3, ctx);
    assert!(parts.length() == 2 && coin.value() == 34);
    parts.do_ref!(|part| assert!(part.value() == 33));
    let mut mixed = coin.split(4, ctx);
    mixed.join(coin);
    mixed.balance_mut().join(cap.mint_balance(6));
    assert!(mixed.balance().value() == 40 && cap.total_supply() == 106);
    assert!(cap.burn(mixed) == 40 && cap.total_supply() == 66);
    coin::zero<FRAMEWORK_TESTS>(ctx).destroy_zero();
    destroy(parts);
    destroy(metadata);
    destroy(cap)
}

public struct FRAMEWORK_TESTS has drop {}

#[test, expected_failure(abort_code = coin::EBadWitness)]
fun a_currency_needs_a_witness() {
    let ctx = &mut tx_context::dummy();
    let (cap, metadata) = coin::create_currency(Money {}, 0, b"", b"", b"", option::none(), ctx);
    destroy(cap);
    destroy(metadata)
}

#[test, expected_failure(abort_code = balance::ENotEnough)]
fun a_balance_is_not_overdrawn() {
    let mut some = balance::create_for_testing<Money>(1);
    destroy(some.split(2));
    destroy(some)
}

#[test, expected_failure(abort_code = balance::ENonZero)]
fun money_is_not_destroyed() {
    balance::create_for_testing<Money>(1).destroy_zero()
}

#[test]
fun an_upgrade_is_authorised_and_committed() {
    let ctx = &mut tx_context::dummy();
    let first = object::id_from_address(@0xAA);
    let mut cap = package::test_publish(first, ctx);
    cap.only_additive_upgrades();
    let ticket = cap.authorize_upgrade(package::dep_only_policy(), b"digest");
    assert!(ticket.ticket_package() == first && *ticket.ticket_digest() == b"digest");
    assert!(ticket.ticket_policy() == 192 && package::compatible_policy() == 0);
    let receipt = package::test_upgrade(ticket);
    assert!(receipt.receipt_cap() == object::id(&cap));
    let second = receipt.receipt_package();
    cap.commit_upgrade(receipt);
    assert!(cap.version() == 2 && cap.upgrade_package() == second);
    assert!(cap.upgrade_policy() == package::additive_policy());
    cap.make_immutable()
}

#[test, expected_failure(abort_code = package::ETooPermissive)]
fun a_policy_only_tightens() {
    let mut cap = package::test_publish(object::id_from_address(@0xAA), &mut tx_context::dummy());
    cap.only_dep_upgrades();
    cap.only_additive_upgrades();
    destroy(cap)
}

#[test, expected_failure(abort_code = package::EAlreadyAuthorized)]
fun one_upgrade_at_a_time() {
    let mut cap = package::test_publish(object::id_from_address(@0xAA), &mut tx_context::dummy());
    destroy(cap.authorize_upgrade(0, b""));
    destroy(cap.authorize_upgrade(0, b""));
    destroy(cap)
}

#[test]
fun a_publisher_proves_authorship() {
    let ctx = &mut tx_context::dummy();
    let otw = sui::test_utils::create_one_time_witness<FRAMEWORK_TESTS>();
    let publisher = package::claim(otw, ctx);
    assert!(publisher.from_module<Thing>() && publisher.from_package<coin::Coin<Money>>());
    assert!(!publisher.from_module<coin::Coin<Money>>());
    assert!(*publisher.published_module().as_bytes() == b"framework_tests");
    publisher.burn_publisher()
}

// Withdrawals

fun withdrawal(object: &mut Thing, value: u64): Withdrawal<Balance<Money>> {
    balance::withdraw_funds_from_object(&mut object.id, value)
}

fun two_things(): (Thing, Thing) {
    let ctx = &mut tx_context::dummy();
    (Thing { id: object::new(ctx), value: 0 }, Thing { id: object::new(ctx), value: 1 })
}

#[test]
fun a_withdrawal_is_split_and_joined() {
    let (mut a, b) = two_things();
    let mut whole = withdrawal(&mut a, 10);
    let part = whole.split(4);
    assert!(whole.limit() == 6 && part.limit() == 4);
    assert!(part.owner() == a.id.to_address());
    whole.join(part);
    assert!(whole.limit() == 10);
    destroy(a);
    destroy(b)
}

#[test, expected_failure(abort_code = sui::funds_accumulator::EInvalidSubLimit)]
fun a_part_is_not_more_than_the_whole() {
    let (mut a, b) = two_things();
    withdrawal(&mut a, 10).split(11);
    destroy(a);
    destroy(b)
}

#[test, expected_failure(abort_code = sui::funds_accumulator::EOwnerMismatch)]
fun withdrawals_of_two_owners_stay_apart() {
    let (mut a, mut b) = two_things();
    withdrawal(&mut a, 10).join(withdrawal(&mut b, 10));
    destroy(a);
    destroy(b)
}

#[test, expected_failure(abort_code = sui::funds_accumulator::EOverflow)]
fun joined_limits_have_a_bound() {
    let (mut a, b) = two_things();
    let most = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff;
    let mut all = sui::funds_accumulator::withdraw_from_object<Balance<Money>>(&a.id, most);
    all.join(withdrawal(&mut a, 1));
    destroy(a);
    destroy(b)
}
