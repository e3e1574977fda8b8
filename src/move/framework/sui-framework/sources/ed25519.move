module sui::ed25519;

/// A signature of 64 bytes under a key of 32; `false` for anything malformed.
public native fun ed25519_verify(signature: &vector<u8>, public_key: &vector<u8>, msg: &vector<u8>): bool;
