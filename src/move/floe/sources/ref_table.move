/// The refs of a repository. A ref moves only by compare-and-swap; a deleted one keeps its row, without a commit, so
/// that all names ever used can be listed by number without an indexer.
module floe::ref_table;

use floe::ref_name;
use std::string::String;
use sui::table::{Self, Table};

/// The ref is not at the commit that the caller expects.
const EStale: u64 = 0;
/// A tag cannot be moved or deleted.
const ETagIsImmutable: u64 = 1;
/// Forced updates are forbidden for this ref.
const EForceForbidden: u64 = 2;
/// There is no ref with this name.
const EUnknownRef: u64 = 3;

public struct RefTable has store {
    refs: Table<String, Ref>,
    /// Number → name, 0, 1, 2 … in the order of first use.
    names: Table<u64, String>,
    /// For all refs.
    forbid_force: bool,
}

public struct Ref has copy, drop, store {
    number: u64,
    /// None: deleted.
    commit: Option<vector<u8>>,
    /// Pack that holds the commit. Meaningless without one.
    commit_pack: u64,
    /// Number of the push that moved it last.
    push: u64,
    updated_ms: u64,
    forbid_force: bool,
}

public(package) fun new(ctx: &mut TxContext): RefTable {
    RefTable { refs: table::new(ctx), names: table::new(ctx), forbid_force: false }
}

/// Compare-and-swap. `expected_old`: none for a ref that must not exist.
public(package) fun move_to(
    self: &mut RefTable,
    name: String,
    expected_old: &Option<vector<u8>>,
    new: Option<vector<u8>>,
    commit_pack: u64,
    push: u64,
    forced: bool,
    now_ms: u64,
) {
    self.assert_at(name, expected_old);
    if (!self.refs.contains(name)) {
        let number = self.names.length();
        self.names.add(number, name);
        let row = Ref { number, commit: new, commit_pack, push, updated_ms: now_ms, forbid_force: false };
        self.refs.add(name, row);
        return
    };
    let everywhere = self.forbid_force;
    let ref = &mut self.refs[name];
    assert!(!ref_name::is_tag(&name), ETagIsImmutable);
    assert!(!forced || !(everywhere || ref.forbid_force), EForceForbidden);
    ref.commit = new;
    ref.commit_pack = commit_pack;
    ref.push = push;
    ref.updated_ms = now_ms
}

public(package) fun assert_at(self: &RefTable, name: String, expected: &Option<vector<u8>>) {
    assert!(&self.commit(name) == expected, EStale)
}

public(package) fun commit(self: &RefTable, name: String): Option<vector<u8>> {
    if (self.refs.contains(name)) self.refs[name].commit else option::none()
}

public(package) fun ref(self: &RefTable, name: String): &Ref {
    assert!(self.refs.contains(name), EUnknownRef);
    &self.refs[name]
}

public(package) fun name(self: &RefTable, number: u64): String {
    assert!(self.names.contains(number), EUnknownRef);
    self.names[number]
}

/// Number of names ever used.
public(package) fun length(self: &RefTable): u64 {
    self.names.length()
}

public(package) fun set_forbid_force(self: &mut RefTable, name: Option<String>, forbidden: bool) {
    if (name.is_none()) {
        self.forbid_force = forbidden
    } else {
        let name = name.destroy_some();
        assert!(self.refs.contains(name), EUnknownRef);
        self.refs[name].forbid_force = forbidden
    }
}

public fun ref_commit(self: &Ref): Option<vector<u8>> {
    self.commit
}

public fun ref_commit_pack(self: &Ref): u64 {
    self.commit_pack
}

public fun ref_push(self: &Ref): u64 {
    self.push
}
