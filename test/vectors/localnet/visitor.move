/// A package as a user of Floe might write it: it keeps notes about repositories, which it reads.
module visitor::visitor;

use floe::packs;
use floe::refs;
use floe::repository::Repository;
use std::string::String;

/// The repository has no such ref.
const ENothingThere: u64 = 7;

public struct Visit has key, store {
    id: UID,
    repository: ID,
    commit: vector<u8>,
    bytes: u64,
}

/// Notes where a ref is, and how large the blob is that holds the commit.
public fun visit(repository: &Repository, ref: String, ctx: &mut TxContext): Visit {
    let commit = refs::commit(repository, ref);
    assert!(commit.is_some(), ENothingThere);
    let pack = refs::row(repository, ref).ref_commit_pack();
    Visit {
        id: object::new(ctx),
        repository: object::id(repository),
        commit: commit.destroy_some(),
        bytes: packs::blob(repository, pack).size(),
    }
}

/// True as long as the ref has not moved.
public fun is_current(self: &Visit, repository: &Repository, ref: String): bool {
    object::id(repository) == self.repository && refs::commit(repository, ref) == option::some(self.commit)
}
