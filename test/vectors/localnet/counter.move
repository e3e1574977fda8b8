/// A shared counter with everything that the local ledger's tests need to see from outside.
module counter::counter;

use std::string::String;
use sui::clock::Clock;
use sui::dynamic_field;
use sui::dynamic_object_field;
use sui::event;
use sui::transfer::Receiving;

const ETooLarge: u64 = 7;

public struct Counter has key {
    id: UID,
    value: u64,
    last_ms: u64,
}

public struct Item has key, store {
    id: UID,
    label: String,
}

public struct Bumped has copy, drop {
    counter: ID,
    by: address,
    value: u64,
}

public struct ItemMade has copy, drop {
    label: String,
}

fun init(ctx: &mut TxContext) {
    transfer::share_object(Counter { id: object::new(ctx), value: 0, last_ms: 0 });
}

public fun create(ctx: &mut TxContext) {
    transfer::share_object(Counter { id: object::new(ctx), value: 0, last_ms: 0 });
}

/// Adds, remembers who did it under the new value, and refuses to go above 100.
public fun bump(counter: &mut Counter, by: u64, ctx: &TxContext) {
    assert!(counter.value + by <= 100, ETooLarge);
    counter.value = counter.value + by;
    if (dynamic_field::exists_(&counter.id, counter.value)) {
        let _: address = dynamic_field::remove(&mut counter.id, counter.value);
    };
    dynamic_field::add(&mut counter.id, counter.value, ctx.sender());
    event::emit(Bumped { counter: object::id(counter), by: ctx.sender(), value: counter.value });
}

/// Back to zero, so that a test can bump without end.
public fun reset(counter: &mut Counter) {
    counter.value = 0;
}

public fun value(counter: &Counter): u64 {
    counter.value
}

public fun read_clock(clock: &Clock): u64 {
    clock.timestamp_ms()
}

public fun touch(counter: &mut Counter, clock: &Clock) {
    counter.last_ms = clock.timestamp_ms();
}

public fun new_item(label: String, ctx: &mut TxContext): Item {
    event::emit(ItemMade { label });
    Item { id: object::new(ctx), label }
}

public fun delete_item(item: Item) {
    let Item { id, label: _ } = item;
    id.delete();
}

public fun freeze_item(item: Item) {
    transfer::public_freeze_object(item);
}

public fun label(item: &Item): String {
    item.label
}

/// Keeps the item as a child object under its label.
public fun keep(counter: &mut Counter, item: Item) {
    dynamic_object_field::add(&mut counter.id, item.label, item);
}

public fun take(counter: &mut Counter, label: String): Item {
    dynamic_object_field::remove(&mut counter.id, label)
}

/// Keeps an item that was sent to the counter's address.
public fun receive(counter: &mut Counter, item: Receiving<Item>) {
    let item = transfer::public_receive(&mut counter.id, item);
    keep(counter, item);
}
