/// Lower-case hex text of bytes and back.
module sui::hex;

const EInvalidHexLength: u64 = 0;
const ENotValidHexCharacter: u64 = 1;

const DIGITS: vector<u8> = b"0123456789abcdef";

public fun encode(bytes: vector<u8>): vector<u8> {
    let digits = DIGITS;
    let n = bytes.length();
    let mut text = vector[];
    let mut at = 0;
    while (at < n) {
        let byte = bytes[at];
        text.push_back(digits[(byte >> 4) as u64]);
        text.push_back(digits[(byte & 15) as u64]);
        at = at + 1;
    };
    text
}

public fun decode(hex: vector<u8>): vector<u8> {
    let n = hex.length();
    assert!(n % 2 == 0, EInvalidHexLength);
    let mut bytes = vector[];
    let mut at = 0;
    while (at < n) {
        bytes.push_back((digit(hex[at]) << 4) | digit(hex[at + 1]));
        at = at + 2;
    };
    bytes
}

fun digit(c: u8): u8 {
    if (48 <= c && c <= 57) c - 48
    else if (97 <= c && c <= 102) c - 87
    else if (65 <= c && c <= 70) c - 55
    else abort ENotValidHexCharacter
}
