/// Attributes of a blob: text pairs in insertion order.
module walrus::metadata;

use std::string::String;
use sui::vec_map::{Self, VecMap};

public struct Metadata has drop, store {
    metadata: VecMap<String, String>,
}

public fun new(): Metadata {
    Metadata { metadata: vec_map::empty() }
}

/// A key that was there moves to the end.
public fun insert_or_update(self: &mut Metadata, key: String, value: String) {
    if (self.metadata.contains(&key)) {
        self.metadata.remove(&key);
    };
    self.metadata.insert(key, value)
}

public fun remove(self: &mut Metadata, key: &String): (String, String) {
    self.metadata.remove(key)
}

public fun remove_if_exists(self: &mut Metadata, key: &String): Option<String> {
    if (!self.metadata.contains(key)) return option::none();
    let (_, value) = self.metadata.remove(key);
    option::some(value)
}

#[test_only]
public fun value(self: &Metadata, key: String): String {
    *self.metadata.get(&key)
}

#[test_only]
public fun length(self: &Metadata): u64 {
    self.metadata.length()
}
