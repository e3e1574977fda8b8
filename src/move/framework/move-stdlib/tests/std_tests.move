#[test_only]
module std::std_tests;

use std::ascii;
use std::option;
use std::string;
use std::type_name;

#[test]
fun vectors() {
    let mut v = vector[1u64, 2, 3];
    v.reverse();
    assert!(v == vector[3, 2, 1]);
    v.append(vector[9, 8]);
    assert!(v == vector[3, 2, 1, 9, 8]);
    assert!(v.remove(1) == 2 && v == vector[3, 1, 9, 8]);
    v.insert(7, 0);
    v.insert(6, 5);
    assert!(v == vector[7, 3, 1, 9, 8, 6]);
    assert!(v.swap_remove(0) == 7 && v == vector[6, 3, 1, 9, 8]);
    assert!(v.contains(&9) && !v.contains(&7));
    let (found, at) = v.index_of(&1);
    assert!(found && at == 2);
    assert!(vector::singleton(4u8) == vector[4] && vector<u8>[].is_empty());
    assert!(vector::tabulate!(3, |i| i * 2) == vector[0, 2, 4]);
    assert!(vector[1u64, 2, 3].fold!(0, |sum, each| sum + each) == 6);
}

#[test, expected_failure(abort_code = vector::EOutOfRange)]
fun nothing_past_the_end_is_removed() {
    vector[1u64].remove(1);
}

#[test]
fun options() {
    let mut o = option::some(5u64);
    assert!(o.is_some() && o.contains(&5) && *o.borrow() == 5);
    assert!(o.swap(6) == 5 && o.extract() == 6 && o.is_none());
    o.fill(7);
    assert!(o.get_with_default(1) == 7 && option::none().get_with_default(1u64) == 1);
    *o.borrow_mut() = 8;
    assert!(o.to_vec() == vector[8] && option::none<u64>().to_vec().is_empty());
    assert!(option::some(2u64).destroy_some() == 2 && option::none().destroy_with_default(3u64) == 3);
    option::none<u64>().destroy_none();
}

#[test, expected_failure(abort_code = option::EIsNone)]
fun nothing_is_not_something() {
    option::none<u64>().destroy_some();
}

#[test]
fun text() {
    let mut s = string::utf8(b"cats");
    s.append(string::utf8(b" & dogs"));
    s.append_utf8(b"!");
    assert!(s.length() == 12 && s.substring(7, 11) == string::utf8(b"dogs"));
    assert!(s.index_of(&string::utf8(b"dogs")) == 7 && !s.is_empty());
    assert!(string::try_utf8(x"ff").is_none());
    assert!(string::from_ascii(ascii::string(b"a")).to_ascii().into_bytes() == b"a");
    assert!(ascii::try_string(x"80").is_none() && ascii::char(65).byte() == 65);
}

#[test, expected_failure(abort_code = string::ENotUtf8)]
fun text_is_utf8() {
    string::utf8(x"ff");
}

#[test, expected_failure(abort_code = string::EBadIndex)]
fun text_is_cut_between_characters() {
    string::utf8(x"c3a4").substring(0, 1);
}

public struct Marker has drop {}

#[test]
fun names_of_types() {
    let name = type_name::with_original_ids<Marker>();
    let mut address = vector[];
    while (address.length() < 63) address.push_back(48);
    address.push_back(49);
    assert!(name.address_string().into_bytes() == address);
    assert!(name.module_string().into_bytes() == b"std_tests");
    assert!(type_name::with_defining_ids<u64>().into_string().into_bytes() == b"u64");
}
