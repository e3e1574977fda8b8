/// ECDSA over secp256k1. The hash of the message is 0 (Keccak-256) or 1 (SHA-256).
module sui::ecdsa_k1;

#[allow(unused_const)]
const EFailToRecoverPubKey: u64 = 0;
#[allow(unused_const)]
const EInvalidSignature: u64 = 1;
#[allow(unused_const)]
const EInvalidPubKey: u64 = 2;

/// The compressed key behind r, s and a recovery number (65 bytes).
public native fun secp256k1_ecrecover(signature: &vector<u8>, msg: &vector<u8>, hash: u8): vector<u8>;

public native fun decompress_pubkey(pubkey: &vector<u8>): vector<u8>;

/// r and s (64 bytes), under a compressed key (33 bytes).
public native fun secp256k1_verify(
    signature: &vector<u8>,
    public_key: &vector<u8>,
    msg: &vector<u8>,
    hash: u8,
): bool;
