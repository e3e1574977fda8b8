/// ECDSA over secp256r1. The hash of the message is 0 (Keccak-256) or 1 (SHA-256).
module sui::ecdsa_r1;

#[allow(unused_const)]
const EFailToRecoverPubKey: u64 = 0;
#[allow(unused_const)]
const EInvalidSignature: u64 = 1;

/// The compressed key behind r, s and a recovery number (65 bytes).
public native fun secp256r1_ecrecover(signature: &vector<u8>, msg: &vector<u8>, hash: u8): vector<u8>;

/// r and s (64 bytes), under a compressed key (33 bytes).
public native fun secp256r1_verify(
    signature: &vector<u8>,
    public_key: &vector<u8>,
    msg: &vector<u8>,
    hash: u8,
): bool;
