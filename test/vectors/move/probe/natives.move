/// Native functions, one wrapper each.
module probe::natives;

use std::type_name;
use sui::bls12381;
use sui::hash;

public fun hashes(data: vector<u8>): (vector<u8>, vector<u8>, vector<u8>, vector<u8>) {
    (std::hash::sha2_256(data), std::hash::sha3_256(data), hash::blake2b256(&data), hash::keccak256(&data))
}

public fun to_bytes<T>(value: T): (T, vector<u8>) {
    let bytes = std::bcs::to_bytes(&value);
    (value, bytes)
}

public fun name<T>(): std::ascii::String { type_name::with_defining_ids<T>().into_string() }

public fun original_name<T>(): std::ascii::String { type_name::with_original_ids<T>().into_string() }

public fun sub(text: std::string::String, from: u64, to: u64): std::string::String { text.substring(from, to) }

public fun find(text: std::string::String, part: std::string::String): u64 { text.index_of(&part) }

public fun valid(bytes: vector<u8>): bool { std::string::try_utf8(bytes).is_some() }

public fun number_of(a: address): u256 { sui::address::to_u256(a) }

public fun address_of(n: u256): address { sui::address::from_u256(n) }

public fun address_from(bytes: vector<u8>): address { sui::address::from_bytes(bytes) }

public fun verify(signature: vector<u8>, key: vector<u8>, message: vector<u8>): bool {
    bls12381::bls12381_min_pk_verify(&signature, &key, &message)
}

public fun verify_min_sig(signature: vector<u8>, key: vector<u8>, message: vector<u8>): bool {
    bls12381::bls12381_min_sig_verify(&signature, &key, &message)
}

public fun add_keys(a: vector<u8>, b: vector<u8>): vector<u8> {
    *bls12381::g1_add(&bls12381::g1_from_bytes(&a), &bls12381::g1_from_bytes(&b)).bytes()
}

public fun subtract_keys(a: vector<u8>, b: vector<u8>): vector<u8> {
    *bls12381::g1_sub(&bls12381::g1_from_bytes(&a), &bls12381::g1_from_bytes(&b)).bytes()
}

public fun uncompressed(a: vector<u8>): vector<u8> {
    *bls12381::g1_to_uncompressed_g1(&bls12381::g1_from_bytes(&a)).bytes()
}

public fun sum_keys(keys: vector<vector<u8>>): vector<u8> {
    let mut points = vector[];
    let mut at = 0;
    while (at < keys.length()) {
        points.push_back(bls12381::g1_to_uncompressed_g1(&bls12381::g1_from_bytes(&keys[at])));
        at = at + 1;
    };
    *bls12381::uncompressed_g1_to_g1(&bls12381::uncompressed_g1_sum(&points)).bytes()
}
