/// Size of a blob after erasure coding.
module walrus::encoding;

/// Only RS2 (1) is supported; 0 is the retired first code.
const EInvalidEncodingType: u64 = 0;

const RS2: u8 = 1;
const DIGEST_BYTES: u64 = 32;
const BLOB_ID_BYTES: u64 = 32;

/// Bytes of all slivers together with the metadata that each shard keeps.
/// Aborts with an arithmetic error when a symbol would need more than 16 bits of length.
public fun encoded_blob_length(unencoded_length: u64, encoding_type: u8, n_shards: u16): u64 {
    assert!(encoding_type == RS2, EInvalidEncodingType);
    let n = n_shards as u64;
    let faulty = (n - 1) / 3;
    let primary = n - 2 * faulty;
    let secondary = n - faulty;
    let symbol = symbol_size(unencoded_length, primary * secondary) as u64;
    n * ((primary + secondary) * symbol + n * DIGEST_BYTES * 2 + BLOB_ID_BYTES)
}

/// Bytes per symbol: even, at least 2.
fun symbol_size(unencoded_length: u64, symbols: u64): u16 {
    let length = if (unencoded_length == 0) 1 else unencoded_length;
    let exact = (length - 1) / symbols + 1;
    (exact + exact % 2) as u16
}
