#[test_only]
module floe::ref_name_tests;

use floe::ref_name;

fun branch(name: vector<u8>) {
    let mut full = b"refs/heads/";
    full.append(name);
    ref_name::assert_valid(&full.to_string())
}

fun long(n: u64): vector<u8> {
    let mut name = vector[];
    while (name.length() < n) name.push_back(97);
    name
}

#[test]
fun ordinary_names_are_allowed() {
    branch(b"main");
    branch(b"a");
    branch(b"feature/Tokenizer_v2.1-rc");
    branch(b"a/-b");
    branch(b"lock");
    branch(b"x.locks");
    branch(long(200));
    ref_name::assert_valid(&b"refs/tags/v1.0".to_string());
    assert!(ref_name::is_tag(&b"refs/tags/v1.0".to_string()));
    assert!(!ref_name::is_tag(&b"refs/heads/refs/tags/v1".to_string()));
    assert!(!ref_name::is_tag(&b"refs".to_string()));
}

#[test, expected_failure(abort_code = ref_name::EBadPrefix)]
fun only_heads_and_tags() {
    ref_name::assert_valid(&b"refs/remotes/main".to_string())
}

#[test, expected_failure(abort_code = ref_name::EBadPrefix)]
fun nothing_is_no_name() {
    ref_name::assert_valid(&b"".to_string())
}

#[test, expected_failure(abort_code = ref_name::EBadLength)]
fun a_prefix_is_no_name() {
    branch(b"")
}

#[test, expected_failure(abort_code = ref_name::EBadLength)]
fun a_name_is_short() {
    branch(long(201))
}

#[test, expected_failure(abort_code = ref_name::EBadCharacter)]
fun no_spaces() {
    branch(b"a b")
}

#[test, expected_failure(abort_code = ref_name::EBadCharacter)]
fun no_letters_beyond_ascii() {
    branch(x"61c3a4")
}

#[test, expected_failure(abort_code = ref_name::EBadCharacter)]
fun no_control_characters() {
    branch(x"610a62")
}

#[test, expected_failure(abort_code = ref_name::EBadForm)]
fun no_two_dots() {
    branch(b"a..b")
}

#[test, expected_failure(abort_code = ref_name::EBadForm)]
fun no_two_slashes() {
    branch(b"a//b")
}

#[test, expected_failure(abort_code = ref_name::EBadForm)]
fun no_slash_first() {
    branch(b"/a")
}

#[test, expected_failure(abort_code = ref_name::EBadForm)]
fun no_dash_first() {
    branch(b"-a")
}

#[test, expected_failure(abort_code = ref_name::EBadForm)]
fun no_dot_first() {
    branch(b".a")
}

#[test, expected_failure(abort_code = ref_name::EBadForm)]
fun no_dot_last() {
    branch(b"a.")
}

#[test, expected_failure(abort_code = ref_name::EBadForm)]
fun no_slash_last() {
    branch(b"a/")
}

#[test, expected_failure(abort_code = ref_name::EBadForm)]
fun no_lock_last() {
    branch(b"a.lock")
}
