/// Types as text.
module std::type_name;

use std::ascii::{Self, String};

const COLON: u8 = 58;

public struct TypeName has copy, drop, store {
    name: String,
}

public native fun with_defining_ids<T>(): TypeName;
public native fun with_original_ids<T>(): TypeName;
public native fun defining_id<T>(): address;
public native fun original_id<T>(): address;

public fun as_string(self: &TypeName): &String {
    &self.name
}

public fun into_string(self: TypeName): String {
    let TypeName { name } = self;
    name
}

/// The address part, 64 hex digits.
public fun address_string(self: &TypeName): String {
    self.part(0)
}

/// The module part.
public fun module_string(self: &TypeName): String {
    self.part(64 + 2)
}

/// The text from `from` up to the next colon.
fun part(self: &TypeName, from: u64): String {
    let text = self.name.as_bytes();
    let mut bytes = vector[];
    let mut at = from;
    while (at < text.length() && text[at] != COLON) {
        bytes.push_back(text[at]);
        at = at + 1;
    };
    ascii::string(bytes)
}
