/// Rules for names of refs: `refs/heads/NAME` are branches, `refs/tags/NAME` are tags, there are no others. The rules
/// for NAME are those that the client checks before it spends anything.
module floe::ref_name;

use std::string::String;

/// The name is empty after its prefix, or longer than 200 bytes there.
const EBadLength: u64 = 0;
/// The name begins with neither `refs/heads/` nor `refs/tags/`.
const EBadPrefix: u64 = 1;
/// A byte is none of `A-Z a-z 0-9 . _ / -`.
const EBadCharacter: u64 = 2;
/// The name has `..` or `//`, begins or ends with `/`, `.` or `-`, or ends with `.lock`.
const EBadForm: u64 = 3;

const MAX_BYTES: u64 = 200;
const HEADS: vector<u8> = b"refs/heads/";
const TAGS: vector<u8> = b"refs/tags/";
const LOCK: vector<u8> = b".lock";

const DASH: u8 = 45;
const DOT: u8 = 46;
const SLASH: u8 = 47;
const UNDERSCORE: u8 = 95;

/// Aborts unless the name may be used.
public fun assert_valid(name: &String) {
    // `into_bytes`, since the function behind `as_bytes` has another name in older frameworks.
    let bytes = &(*name).into_bytes();
    let n = bytes.length();
    let from = prefix_length(bytes);
    assert!(from > 0, EBadPrefix);
    assert!(n > from && n - from <= MAX_BYTES, EBadLength);
    assert!(!is_edge(bytes[from]) && !is_edge(bytes[n - 1]), EBadForm);
    let mut at = from;
    while (at < n) {
        let byte = bytes[at];
        assert!(is_allowed(byte), EBadCharacter);
        // At least one byte comes before: the prefix.
        assert!((byte != DOT && byte != SLASH) || bytes[at - 1] != byte, EBadForm);
        at = at + 1;
    };
    assert!(!ends_with_lock(bytes), EBadForm)
}

/// Tags never move.
public fun is_tag(name: &String): bool {
    let tags = TAGS;
    has_at(&(*name).into_bytes(), 0, &tags)
}

/// 0 if the name has no prefix that is known.
fun prefix_length(bytes: &vector<u8>): u64 {
    let heads = HEADS;
    let tags = TAGS;
    if (has_at(bytes, 0, &heads)) heads.length()
    else if (has_at(bytes, 0, &tags)) tags.length()
    else 0
}

fun ends_with_lock(bytes: &vector<u8>): bool {
    let lock = LOCK;
    bytes.length() >= lock.length() && has_at(bytes, bytes.length() - lock.length(), &lock)
}

fun has_at(bytes: &vector<u8>, from: u64, part: &vector<u8>): bool {
    let n = part.length();
    if (bytes.length() < from + n) return false;
    let mut at = 0;
    while (at < n) {
        if (bytes[from + at] != part[at]) return false;
        at = at + 1;
    };
    true
}

fun is_edge(byte: u8): bool {
    byte == SLASH || byte == DOT || byte == DASH
}

fun is_allowed(byte: u8): bool {
    (byte >= 65 && byte <= 90)
        || (byte >= 97 && byte <= 122)
        || (byte >= 48 && byte <= 57)
        || byte == DASH
        || byte == DOT
        || byte == SLASH
        || byte == UNDERSCORE
}
