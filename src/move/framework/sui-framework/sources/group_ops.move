/// Elements of the curve groups. The type parameter names the group; the bytes are its canonical encoding.
module sui::group_ops;

use std::bcs;

#[allow(unused_const)]
const ENotSupported: u64 = 0;
const EInvalidInput: u64 = 1;
#[allow(unused_const)]
const EInputTooLong: u64 = 2;
const EInvalidBufferLength: u64 = 3;

public struct Element<phantom T> has copy, drop, store {
    bytes: vector<u8>,
}

public fun bytes<G>(e: &Element<G>): &vector<u8> {
    &e.bytes
}

public fun equal<G>(e1: &Element<G>, e2: &Element<G>): bool {
    e1.bytes == e2.bytes
}

public(package) fun from_bytes<G>(type_: u8, bytes: vector<u8>, is_trusted: bool): Element<G> {
    assert!(is_trusted || internal_validate(type_, &bytes), EInvalidInput);
    Element { bytes }
}

public(package) fun add<G>(type_: u8, e1: &Element<G>, e2: &Element<G>): Element<G> {
    Element { bytes: internal_add(type_, &e1.bytes, &e2.bytes) }
}

public(package) fun sub<G>(type_: u8, e1: &Element<G>, e2: &Element<G>): Element<G> {
    Element { bytes: internal_sub(type_, &e1.bytes, &e2.bytes) }
}

/// The scalar comes first.
public(package) fun mul<S, G>(type_: u8, scalar: &Element<S>, e: &Element<G>): Element<G> {
    Element { bytes: internal_mul(type_, &scalar.bytes, &e.bytes) }
}

/// The divisor comes first, and is not zero.
public(package) fun div<S, G>(type_: u8, scalar: &Element<S>, e: &Element<G>): Element<G> {
    Element { bytes: internal_div(type_, &scalar.bytes, &e.bytes) }
}

public(package) fun hash_to<G>(type_: u8, m: &vector<u8>): Element<G> {
    Element { bytes: internal_hash_to(type_, m) }
}

/// Sum of scalar times element; one list is as long as the other, and neither is empty.
public(package) fun multi_scalar_multiplication<S, G>(
    type_: u8,
    scalars: &vector<Element<S>>,
    elements: &vector<Element<G>>,
): Element<G> {
    assert!(!scalars.is_empty() && scalars.length() == elements.length(), EInvalidInput);
    let (scalar_row, element_row) = (row(scalars), row(elements));
    Element { bytes: internal_multi_scalar_mul(type_, &scalar_row, &element_row) }
}

/// The type is that of the first element.
public(package) fun pairing<A, B, T>(type_: u8, e1: &Element<A>, e2: &Element<B>): Element<T> {
    Element { bytes: internal_pairing(type_, &e1.bytes, &e2.bytes) }
}

/// Writes a number to the end (big-endian) or the start of a buffer.
public(package) fun set_as_prefix(x: u64, big_endian: bool, buffer: &mut vector<u8>) {
    let n = buffer.length();
    assert!(n >= 8, EInvalidBufferLength);
    let little = bcs::to_bytes(&x);
    let mut i = 0;
    while (i < 8) {
        let at = if (big_endian) n - 1 - i else i;
        *&mut buffer[at] = little[i];
        i = i + 1;
    }
}

fun row<G>(elements: &vector<Element<G>>): vector<u8> {
    let mut bytes = vector[];
    let mut at = 0;
    while (at < elements.length()) {
        bytes.append(elements[at].bytes);
        at = at + 1;
    };
    bytes
}

/// The same point in another encoding.
public(package) fun convert<From, To>(from_type_: u8, to_type_: u8, e: &Element<From>): Element<To> {
    Element { bytes: internal_convert(from_type_, to_type_, &e.bytes) }
}

public(package) fun sum<G>(type_: u8, terms: &vector<Element<G>>): Element<G> {
    let n = terms.length();
    let mut encoded = vector[];
    let mut at = 0;
    while (at < n) {
        encoded.push_back(terms[at].bytes);
        at = at + 1;
    };
    Element { bytes: internal_sum(type_, &encoded) }
}

native fun internal_validate(type_: u8, bytes: &vector<u8>): bool;
native fun internal_add(type_: u8, e1: &vector<u8>, e2: &vector<u8>): vector<u8>;
native fun internal_sub(type_: u8, e1: &vector<u8>, e2: &vector<u8>): vector<u8>;
native fun internal_mul(type_: u8, e1: &vector<u8>, e2: &vector<u8>): vector<u8>;
native fun internal_div(type_: u8, e1: &vector<u8>, e2: &vector<u8>): vector<u8>;
native fun internal_hash_to(type_: u8, m: &vector<u8>): vector<u8>;
native fun internal_multi_scalar_mul(
    type_: u8,
    scalars: &vector<u8>,
    elements: &vector<u8>,
): vector<u8>;
native fun internal_pairing(type_: u8, e1: &vector<u8>, e2: &vector<u8>): vector<u8>;
native fun internal_convert(from_type_: u8, to_type_: u8, e: &vector<u8>): vector<u8>;
native fun internal_sum(type_: u8, e: &vector<vector<u8>>): vector<u8>;
