/// Objects: ownership, wrapping, dynamic fields, events, receiving.
module probe::things;

use sui::dynamic_field as field;
use sui::dynamic_object_field as ofield;
use sui::event;
use sui::table::{Self, Table};
use sui::transfer::Receiving;

const ETooBig: u64 = 42;

public struct THINGS has drop {}

public struct Thing has key, store {
    id: UID,
    value: u64,
}

public struct Box has key {
    id: UID,
    inside: Option<Thing>,
    notes: Table<u64, vector<u8>>,
}

public struct Private has key {
    id: UID,
}

public struct Born has copy, drop {
    id: ID,
    value: u64,
}

public struct Registered has key {
    id: UID,
    witness: bool,
}

fun init(witness: THINGS, ctx: &mut TxContext) {
    let registered = Registered { id: object::new(ctx), witness: sui::types::is_one_time_witness(&witness) };
    transfer::transfer(registered, ctx.sender())
}

public fun thing(value: u64, ctx: &mut TxContext): Thing {
    let id = object::new(ctx);
    event::emit(Born { id: id.to_inner(), value });
    Thing { id, value }
}

public fun value(self: &Thing): u64 { self.value }

public fun set(self: &mut Thing, value: u64) {
    assert!(value < 1000, ETooBig);
    self.value = value
}

public fun destroy(self: Thing): u64 {
    let Thing { id, value } = self;
    id.delete();
    value
}

public fun sum(list: vector<Thing>): u64 {
    let mut list = list;
    let mut total = 0;
    while (!list.is_empty()) total = total + list.pop_back().destroy();
    list.destroy_empty();
    total
}

public fun share_box(ctx: &mut TxContext) {
    transfer::share_object(Box { id: object::new(ctx), inside: option::none(), notes: table::new(ctx) })
}

public fun share_again(self: Box) { transfer::share_object(self) }

public fun freeze_box(self: Box) { transfer::freeze_object(self) }

public fun burn(self: Box) {
    let Box { id, inside, notes } = self;
    inside.destroy_none();
    notes.drop();
    id.delete()
}

public fun put(self: &mut Box, thing: Thing) { self.inside.fill(thing) }

public fun take(self: &mut Box): Thing { self.inside.extract() }

public fun discard(self: &mut Box) {
    self.inside.extract().destroy();
}

public fun note(self: &mut Box, at: u64, text: vector<u8>) { self.notes.add(at, text) }

public fun edit(self: &mut Box, at: u64, text: vector<u8>) { *&mut self.notes[at] = text }

public fun read_note(self: &Box, at: u64): vector<u8> { self.notes[at] }

public fun erase(self: &mut Box, at: u64) { self.notes.remove(at); }

public fun rewrite(self: &mut Box, at: u64) {
    let text = self.notes.remove(at);
    self.notes.add(at, text)
}

public fun attach(self: &mut Thing, name: vector<u8>, child: Thing) { ofield::add(&mut self.id, name, child) }

public fun attached(self: &Thing, name: vector<u8>): u64 { ofield::borrow<vector<u8>, Thing>(&self.id, name).value }

public fun raise(self: &mut Thing, name: vector<u8>) {
    let child = ofield::borrow_mut<vector<u8>, Thing>(&mut self.id, name);
    child.value = child.value + 1
}

public fun detach(self: &mut Thing, name: vector<u8>): Thing { ofield::remove(&mut self.id, name) }

public fun read_as<V: copy + drop + store>(self: &Thing, name: u8): V { *field::borrow<u8, V>(&self.id, name) }

public fun write<V: copy + drop + store>(self: &mut Thing, name: u8, value: V) { field::add(&mut self.id, name, value) }

public fun accept(self: &mut Thing, sent: Receiving<Thing>): Thing { transfer::public_receive(&mut self.id, sent) }

public fun private(ctx: &mut TxContext): Private { Private { id: object::new(ctx) } }

public fun keep_private(self: Private, ctx: &TxContext) { transfer::transfer(self, ctx.sender()) }

entry fun only_entry(value: u64, ctx: &mut TxContext) { transfer::public_transfer(thing(value, ctx), ctx.sender()) }

public(package) fun only_package() {}

public fun share_old(self: Thing) { transfer::public_share_object(self) }

public fun who(ctx: &TxContext): (address, u64, u64, Option<address>, vector<u8>, u64, u64) {
    (
        ctx.sender(),
        ctx.epoch(),
        ctx.epoch_timestamp_ms(),
        ctx.sponsor(),
        *ctx.digest(),
        ctx.reference_gas_price(),
        ctx.gas_price(),
    )
}

public fun many(n: u64, ctx: &mut TxContext) {
    let mut at = 0;
    while (at < n) {
        let id = object::new(ctx);
        id.delete();
        at = at + 1;
    }
}

public fun shout(n: u64) {
    let mut at = 0;
    while (at < n) {
        event::emit(Born { id: object::id_from_address(@0x1), value: at });
        at = at + 1;
    }
}
