/// Recording that somebody stated something about a commit.
module floe::attestation;

use floe::attestation_list::Attestation;
use floe::events;
use floe::members;
use floe::repository::Repository;
use std::string::String;
use sui::clock::Clock;

/// The commit or statement id is not 32 bytes.
const EBadId: u64 = 0;
/// The predicate type is empty, or it or the location is longer than 512 bytes.
const EBadText: u64 = 1;

const ID_BYTES: u64 = 32;
const MAX_TEXT_BYTES: u64 = 512;

/// Attesters only; returns the number of the attestation. `statement` is the SHA-256 of the statement, `location`
/// where to find it. Whether the statement is about this commit is for readers to check.
public fun attest(
    repository: &mut Repository,
    commit: vector<u8>,
    predicate_type: String,
    statement: vector<u8>,
    location: String,
    clock: &Clock,
    ctx: &TxContext,
): u64 {
    repository.assert_version();
    repository.members().assert_role(ctx.sender(), members::attester());
    assert!(commit.length() == ID_BYTES && statement.length() == ID_BYTES, EBadId);
    assert!(!predicate_type.is_empty() && predicate_type.length() <= MAX_TEXT_BYTES, EBadText);
    assert!(location.length() <= MAX_TEXT_BYTES, EBadText);
    let number = repository
        .attestations_mut()
        .append(
            commit,
            predicate_type,
            statement,
            location,
            ctx.sender(),
            clock.timestamp_ms(),
            ctx.epoch(),
        );
    events::emit_attested(
        object::id(repository),
        number,
        commit,
        predicate_type,
        statement,
        ctx.sender(),
    );
    number
}

// Reads

/// Number of attestations: the numbers are 0 up to this.
public fun count(repository: &Repository): u64 {
    repository.attestations().length()
}

public fun record(repository: &Repository, number: u64): Attestation {
    *repository.attestations().record(number)
}

/// Numbers of the attestations of a commit.
public fun of_commit(repository: &Repository, commit: vector<u8>): vector<u64> {
    repository.attestations().of_commit(commit)
}
