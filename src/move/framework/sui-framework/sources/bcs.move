/// Reading canonical bytes, value by value.
module sui::bcs;

use std::bcs;
use sui::address;

const EOutOfRange: u64 = 0;
const ENotBool: u64 = 1;
const ELenOutOfRange: u64 = 2;

/// The unread bytes, last one first, so that taking one is cheap.
public struct BCS has copy, drop, store {
    bytes: vector<u8>,
}

public fun to_bytes<T>(value: &T): vector<u8> {
    bcs::to_bytes(value)
}

public fun new(bytes: vector<u8>): BCS {
    let mut reversed = bytes;
    reversed.reverse();
    BCS { bytes: reversed }
}

public fun into_remainder_bytes(bcs: BCS): vector<u8> {
    let BCS { mut bytes } = bcs;
    bytes.reverse();
    bytes
}

public fun peel_u8(bcs: &mut BCS): u8 {
    assert!(!bcs.bytes.is_empty(), EOutOfRange);
    bcs.bytes.pop_back()
}

public fun peel_bool(bcs: &mut BCS): bool {
    let value = bcs.peel_u8();
    assert!(value < 2, ENotBool);
    value == 1
}

public fun peel_u16(bcs: &mut BCS): u16 {
    bcs.little_endian(2) as u16
}

public fun peel_u32(bcs: &mut BCS): u32 {
    bcs.little_endian(4) as u32
}

public fun peel_u64(bcs: &mut BCS): u64 {
    bcs.little_endian(8) as u64
}

public fun peel_u128(bcs: &mut BCS): u128 {
    bcs.little_endian(16) as u128
}

public fun peel_u256(bcs: &mut BCS): u256 {
    bcs.little_endian(32)
}

public fun peel_address(bcs: &mut BCS): address {
    let mut bytes = vector[];
    while (bytes.length() < 32) bytes.push_back(bcs.peel_u8());
    address::from_bytes(bytes)
}

public fun peel_vec_length(bcs: &mut BCS): u64 {
    let mut length = 0u64;
    let mut shift = 0u8;
    let mut groups = 0u64;
    loop {
        assert!(groups < 5, ELenOutOfRange);
        let byte = bcs.peel_u8() as u64;
        groups = groups + 1;
        length = length | ((byte & 0x7f) << shift);
        if (byte & 0x80 == 0) break;
        shift = shift + 7;
    };
    length
}

public fun peel_vec_u8(bcs: &mut BCS): vector<u8> {
    let n = bcs.peel_vec_length();
    let mut bytes = vector[];
    while (bytes.length() < n) bytes.push_back(bcs.peel_u8());
    bytes
}

public fun peel_vec_address(bcs: &mut BCS): vector<address> {
    let n = bcs.peel_vec_length();
    let mut out = vector[];
    while (out.length() < n) out.push_back(bcs.peel_address());
    out
}

public fun peel_vec_u64(bcs: &mut BCS): vector<u64> {
    let n = bcs.peel_vec_length();
    let mut out = vector[];
    while (out.length() < n) out.push_back(bcs.peel_u64());
    out
}

public fun peel_vec_vec_u8(bcs: &mut BCS): vector<vector<u8>> {
    let n = bcs.peel_vec_length();
    let mut out = vector[];
    while (out.length() < n) out.push_back(bcs.peel_vec_u8());
    out
}

/// The variant number of an enum.
public fun peel_enum_tag(bcs: &mut BCS): u32 {
    bcs.peel_vec_length() as u32
}

public fun peel_option_address(bcs: &mut BCS): Option<address> {
    if (bcs.peel_bool()) option::some(bcs.peel_address()) else option::none()
}

public fun peel_option_u64(bcs: &mut BCS): Option<u64> {
    if (bcs.peel_bool()) option::some(bcs.peel_u64()) else option::none()
}

fun little_endian(bcs: &mut BCS, bytes: u8): u256 {
    let mut value = 0u256;
    let mut at = 0u8;
    while (at < bytes) {
        value = value | ((bcs.peel_u8() as u256) << (at * 8));
        at = at + 1;
    };
    value
}
