/// Records that are only ever added, numbered 0, 1, 2 …, and for each key the number of its newest record. A record
/// names the one before it with the same key, so that a reader who knows a key finds all of them without an indexer, and
/// adding one costs the same however many there are.
module floe::numbered_log;

use sui::table::{Self, Table};

/// There is no record with this number.
const EUnknownRecord: u64 = 0;

public struct NumberedLog<phantom K: copy + drop + store, phantom V: store> has store {
    records: Table<u64, V>,
    newest: Table<K, u64>,
}

public(package) fun new<K: copy + drop + store, V: store>(ctx: &mut TxContext): NumberedLog<K, V> {
    NumberedLog { records: table::new(ctx), newest: table::new(ctx) }
}

/// `record` should name `newest(key)` as the one before it.
public(package) fun append<K: copy + drop + store, V: store>(
    self: &mut NumberedLog<K, V>,
    key: K,
    record: V,
): u64 {
    let number = self.records.length();
    self.records.add(number, record);
    if (self.newest.contains(key)) {
        *&mut self.newest[key] = number
    } else {
        self.newest.add(key, number)
    };
    number
}

public(package) fun newest<K: copy + drop + store, V: store>(
    self: &NumberedLog<K, V>,
    key: K,
): Option<u64> {
    if (self.newest.contains(key)) option::some(self.newest[key]) else option::none()
}

public(package) fun record<K: copy + drop + store, V: store>(
    self: &NumberedLog<K, V>,
    number: u64,
): &V {
    assert!(self.records.contains(number), EUnknownRecord);
    &self.records[number]
}

public(package) fun length<K: copy + drop + store, V: store>(self: &NumberedLog<K, V>): u64 {
    self.records.length()
}
