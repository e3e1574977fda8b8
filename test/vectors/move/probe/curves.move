/// Groups, pairings and signatures, one wrapper each.
module probe::curves;

use sui::bls12381::{Self as bls, G1, G2, Scalar};
use sui::group_ops::Element;

public fun scalars(a: vector<u8>, b: vector<u8>): (vector<u8>, vector<u8>, vector<u8>, vector<u8>) {
    let (a, b) = (bls::scalar_from_bytes(&a), bls::scalar_from_bytes(&b));
    (
        *bls::scalar_add(&a, &b).bytes(),
        *bls::scalar_sub(&a, &b).bytes(),
        *bls::scalar_mul(&a, &b).bytes(),
        *bls::scalar_div(&a, &b).bytes(),
    )
}

public fun scalar_of(n: u64): vector<u8> { *bls::scalar_from_u64(n).bytes() }

public fun opposites(n: u64): (vector<u8>, vector<u8>) {
    let n = bls::scalar_from_u64(n);
    (*bls::scalar_neg(&n).bytes(), *bls::scalar_mul(&n, &bls::scalar_inv(&n)).bytes())
}

public fun g1_times(n: u64): vector<u8> { *bls::g1_mul(&bls::scalar_from_u64(n), &bls::g1_generator()).bytes() }

public fun g2_times(n: u64): vector<u8> { *bls::g2_mul(&bls::scalar_from_u64(n), &bls::g2_generator()).bytes() }

public fun gt_times(n: u64): vector<u8> { *bls::gt_mul(&bls::scalar_from_u64(n), &bls::gt_generator()).bytes() }

/// (generator × n) / d in each group.
public fun fractions(n: u64, d: u64): (vector<u8>, vector<u8>, vector<u8>) {
    let (n, d) = (bls::scalar_from_u64(n), bls::scalar_from_u64(d));
    (
        *bls::g1_div(&d, &bls::g1_mul(&n, &bls::g1_generator())).bytes(),
        *bls::g2_div(&d, &bls::g2_mul(&n, &bls::g2_generator())).bytes(),
        *bls::gt_div(&d, &bls::gt_mul(&n, &bls::gt_generator())).bytes(),
    )
}

/// Whether 3g - g + -(2g) is the identity, and g + 0 is g, in each group.
public fun sums(): (bool, bool, bool) {
    let (two, three) = (bls::scalar_from_u64(2), bls::scalar_from_u64(3));
    let (g1, g2, gt) = (bls::g1_generator(), bls::g2_generator(), bls::gt_generator());
    let a = bls::g1_add(&bls::g1_sub(&bls::g1_mul(&three, &g1), &g1), &bls::g1_neg(&bls::g1_mul(&two, &g1)));
    let b = bls::g2_add(&bls::g2_sub(&bls::g2_mul(&three, &g2), &g2), &bls::g2_neg(&bls::g2_mul(&two, &g2)));
    let c = bls::gt_add(&bls::gt_sub(&bls::gt_mul(&three, &gt), &gt), &bls::gt_neg(&bls::gt_mul(&two, &gt)));
    (
        a == bls::g1_identity() && bls::g1_add(&g1, &a) == g1,
        b == bls::g2_identity() && bls::g2_add(&g2, &b) == g2,
        c == bls::gt_identity() && bls::gt_add(&gt, &c) == gt,
    )
}

/// Sum over i from 1 to n of (i + 100) × (i × generator).
public fun products(n: u64, in_g1: bool): vector<u8> {
    let mut scalars: vector<Element<Scalar>> = vector[];
    let mut in1: vector<Element<G1>> = vector[];
    let mut in2: vector<Element<G2>> = vector[];
    let mut i = 1;
    while (i <= n) {
        scalars.push_back(bls::scalar_from_u64(i + 100));
        if (in_g1) in1.push_back(bls::g1_mul(&bls::scalar_from_u64(i), &bls::g1_generator()))
        else in2.push_back(bls::g2_mul(&bls::scalar_from_u64(i), &bls::g2_generator()));
        i = i + 1
    };
    if (in_g1) *bls::g1_multi_scalar_multiplication(&scalars, &in1).bytes()
    else *bls::g2_multi_scalar_multiplication(&scalars, &in2).bytes()
}

/// One times the generator, as often as there are of both.
public fun ones(scalars: u64, points: u64): vector<u8> {
    let one = vector::tabulate!(scalars, |_| bls::scalar_one());
    let generator = vector::tabulate!(points, |_| bls::g1_generator());
    *bls::g1_multi_scalar_multiplication(&one, &generator).bytes()
}

public fun pair(a: u64, b: u64): vector<u8> {
    let (a, b) = (bls::scalar_from_u64(a), bls::scalar_from_u64(b));
    *bls::pairing(&bls::g1_mul(&a, &bls::g1_generator()), &bls::g2_mul(&b, &bls::g2_generator())).bytes()
}

/// A signature in G1 checked by hand: e(H(m), key) = e(signature, generator).
public fun signed_in_g1(signature: vector<u8>, key: vector<u8>, message: vector<u8>): bool {
    let left = bls::pairing(&bls::hash_to_g1(&message), &bls::g2_from_bytes(&key));
    left == bls::pairing(&bls::g1_from_bytes(&signature), &bls::g2_generator())
}

/// A signature in G2 checked by hand: e(key, H(m)) = e(generator, signature).
public fun signed_in_g2(signature: vector<u8>, key: vector<u8>, message: vector<u8>): bool {
    let left = bls::pairing(&bls::g1_from_bytes(&key), &bls::hash_to_g2(&message));
    left == bls::pairing(&bls::g1_generator(), &bls::g2_from_bytes(&signature))
}

public fun ed25519(signature: vector<u8>, key: vector<u8>, message: vector<u8>): bool {
    sui::ed25519::ed25519_verify(&signature, &key, &message)
}

public fun k1(signature: vector<u8>, key: vector<u8>, message: vector<u8>, hash: u8): bool {
    sui::ecdsa_k1::secp256k1_verify(&signature, &key, &message, hash)
}

public fun k1_recover(signature: vector<u8>, message: vector<u8>, hash: u8): vector<u8> {
    sui::ecdsa_k1::secp256k1_ecrecover(&signature, &message, hash)
}

public fun k1_decompress(key: vector<u8>): vector<u8> { sui::ecdsa_k1::decompress_pubkey(&key) }

public fun r1(signature: vector<u8>, key: vector<u8>, message: vector<u8>, hash: u8): bool {
    sui::ecdsa_r1::secp256r1_verify(&signature, &key, &message, hash)
}

public fun r1_recover(signature: vector<u8>, message: vector<u8>, hash: u8): vector<u8> {
    sui::ecdsa_r1::secp256r1_ecrecover(&signature, &message, hash)
}

public fun keyed_hash(key: vector<u8>, message: vector<u8>): vector<u8> { sui::hmac::hmac_sha3_256(&key, &message) }
