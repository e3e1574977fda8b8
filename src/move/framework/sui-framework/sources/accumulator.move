/// Where funds are kept that belong to an address and to no object: dynamic fields of the object `0xacc`, one for each
/// address and type. The chain changes them when a transaction ends; no function here does.
module sui::accumulator;

use sui::dynamic_field;

#[allow(unused_field)]
public struct AccumulatorRoot has key {
    id: UID,
}

/// Name of a field: whose funds of type `T`.
public struct Key<phantom T> has copy, drop, store {
    address: address,
}

/// Value of a field.
#[allow(unused_field)]
public struct U128 has store {
    value: u128,
}

/// Address of the field with what an address has of `T`.
public(package) fun accumulator_address<T>(address: address): address {
    dynamic_field::hash_type_and_key(@0xacc, Key<T> { address })
}
