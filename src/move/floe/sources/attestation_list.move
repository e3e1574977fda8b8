/// Statements about commits: only their hash and where to find them is on chain.
module floe::attestation_list;

use std::string::String;
use sui::table::{Self, Table};

/// The commit has 1,000 attestations already.
const ETooMany: u64 = 0;
/// There is no attestation with this number.
const EUnknownAttestation: u64 = 1;

const MAX_PER_COMMIT: u64 = 1_000;

public struct AttestationList has store {
    /// Number → attestation, 0, 1, 2 …
    records: Table<u64, Attestation>,
    /// Commit → numbers.
    by_commit: Table<vector<u8>, vector<u64>>,
}

public struct Attestation has copy, drop, store {
    commit: vector<u8>,
    /// A URI, as in an in-toto Statement.
    predicate_type: String,
    /// SHA-256 of the statement.
    statement: vector<u8>,
    /// Where the statement is kept; the reader interprets it and checks the hash.
    location: String,
    attester: address,
    time_ms: u64,
    sui_epoch: u64,
}

public(package) fun new(ctx: &mut TxContext): AttestationList {
    AttestationList { records: table::new(ctx), by_commit: table::new(ctx) }
}

public(package) fun append(
    self: &mut AttestationList,
    commit: vector<u8>,
    predicate_type: String,
    statement: vector<u8>,
    location: String,
    attester: address,
    time_ms: u64,
    sui_epoch: u64,
): u64 {
    let number = self.records.length();
    if (!self.by_commit.contains(commit)) self.by_commit.add(commit, vector[]);
    let numbers = &mut self.by_commit[commit];
    assert!(numbers.length() < MAX_PER_COMMIT, ETooMany);
    numbers.push_back(number);
    let record = Attestation {
        commit,
        predicate_type,
        statement,
        location,
        attester,
        time_ms,
        sui_epoch,
    };
    self.records.add(number, record);
    number
}

public(package) fun length(self: &AttestationList): u64 {
    self.records.length()
}

public(package) fun record(self: &AttestationList, number: u64): &Attestation {
    assert!(self.records.contains(number), EUnknownAttestation);
    &self.records[number]
}

public(package) fun of_commit(self: &AttestationList, commit: vector<u8>): vector<u64> {
    if (self.by_commit.contains(commit)) self.by_commit[commit] else vector[]
}

public fun commit(self: &Attestation): vector<u8> {
    self.commit
}

public fun predicate_type(self: &Attestation): String {
    self.predicate_type
}

public fun statement(self: &Attestation): vector<u8> {
    self.statement
}

public fun attester(self: &Attestation): address {
    self.attester
}
