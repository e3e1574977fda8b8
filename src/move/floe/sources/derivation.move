/// Which commits a commit was made from, in this repository or in others: a model from its data, a cleaned set from a raw
/// one. Who learns that consent to an input was withdrawn finds from here what was derived from it.
module floe::derivation;

use floe::events;
use floe::members;
use floe::numbered_log::{Self, NumberedLog};
use floe::refs;
use floe::repository::Repository;
use std::string::String;
use sui::clock::Clock;
use sui::dynamic_field as field;
use sui::table::{Self, Table};

/// A commit or statement id is not 32 bytes.
const EBadId: u64 = 0;
/// The relation is empty or longer than 100 bytes.
const EBadRelation: u64 = 1;
/// A commit is not derived from itself.
const EOfItself: u64 = 2;
/// The edge is on record already.
const EAlreadyRecorded: u64 = 3;
/// The push deleted a ref, so it brought no commit.
const ENoCommit: u64 = 4;
/// No derivation was ever recorded in this repository.
const ENoRecords: u64 = 5;

const ID_BYTES: u64 = 32;
const MAX_RELATION_BYTES: u64 = 100;

/// Key of the dynamic field of the repository that holds the edges.
public struct Key() has copy, drop, store;

/// A commit of some repository.
public struct Input has copy, drop, store {
    repository: ID,
    commit: vector<u8>,
}

public struct Edge has copy, drop, store {
    output: vector<u8>,
    input: Input,
}

public struct Derivation has copy, drop, store {
    /// Commit of this repository.
    output: vector<u8>,
    input: Input,
    /// Push that brought the input, in its repository: then the chain has checked that it was there. None: a claim.
    input_push: Option<u64>,
    /// E.g. `trained-on`, `filtered-from`.
    relation: String,
    /// SHA-256 of a statement about it.
    statement: Option<vector<u8>>,
    attester: address,
    time_ms: u64,
    sui_epoch: u64,
    /// The record before it with the same output, and with the same input.
    previous_of_output: Option<u64>,
    previous_of_input: Option<u64>,
}

public struct Derivations has store {
    /// By output.
    records: NumberedLog<vector<u8>, Derivation>,
    newest_of_input: Table<Input, u64>,
    numbers: Table<Edge, u64>,
}

/// Attesters only, as all of these; returns the number of the edge. `input_repository` is what the attester says.
public fun record(
    repository: &mut Repository,
    output: vector<u8>,
    input_repository: ID,
    input: vector<u8>,
    relation: String,
    statement: Option<vector<u8>>,
    clock: &Clock,
    ctx: &mut TxContext,
): u64 {
    let input = Input { repository: input_repository, commit: input };
    append(repository, output, input, option::none(), relation, statement, clock, ctx)
}

/// An input that a push of this repository brought.
public fun record_own(
    repository: &mut Repository,
    output: vector<u8>,
    input_push: u64,
    relation: String,
    statement: Option<vector<u8>>,
    clock: &Clock,
    ctx: &mut TxContext,
): u64 {
    let input = pushed(repository, input_push);
    append(repository, output, input, option::some(input_push), relation, statement, clock, ctx)
}

/// An input that a push of another repository brought.
public fun record_from(
    repository: &mut Repository,
    output: vector<u8>,
    input_repository: &Repository,
    input_push: u64,
    relation: String,
    statement: Option<vector<u8>>,
    clock: &Clock,
    ctx: &mut TxContext,
): u64 {
    let input = pushed(input_repository, input_push);
    append(repository, output, input, option::some(input_push), relation, statement, clock, ctx)
}

fun pushed(repository: &Repository, push: u64): Input {
    let commit = refs::push_record(repository, push).new_commit();
    assert!(commit.is_some(), ENoCommit);
    Input { repository: object::id(repository), commit: commit.destroy_some() }
}

fun append(
    repository: &mut Repository,
    output: vector<u8>,
    input: Input,
    input_push: Option<u64>,
    relation: String,
    statement: Option<vector<u8>>,
    clock: &Clock,
    ctx: &mut TxContext,
): u64 {
    repository.assert_version();
    let attester = ctx.sender();
    repository.members().assert_role(attester, members::attester());
    assert!(output.length() == ID_BYTES && input.commit.length() == ID_BYTES, EBadId);
    if (statement.is_some()) assert!(statement.borrow().length() == ID_BYTES, EBadId);
    assert!(!relation.is_empty() && relation.length() <= MAX_RELATION_BYTES, EBadRelation);
    let id = object::id(repository);
    assert!(input.repository != id || input.commit != output, EOfItself);
    let sui_epoch = ctx.epoch();
    let edges = edges_mut(repository, ctx);
    let edge = Edge { output, input };
    assert!(!edges.numbers.contains(edge), EAlreadyRecorded);
    let previous_of_output = edges.records.newest(output);
    let previous_of_input = if (edges.newest_of_input.contains(input)) {
        option::some(edges.newest_of_input.remove(input))
    } else {
        option::none()
    };
    let derivation = Derivation {
        output,
        input,
        input_push,
        relation,
        statement,
        attester,
        time_ms: clock.timestamp_ms(),
        sui_epoch,
        previous_of_output,
        previous_of_input,
    };
    let number = edges.records.append(output, derivation);
    edges.newest_of_input.add(input, number);
    edges.numbers.add(edge, number);
    events::emit_derivation_recorded(id, number, output, input.repository, input.commit, attester);
    number
}

// Reads

/// Number of edges: the numbers are 0 up to this.
public fun count(repository: &Repository): u64 {
    if (field::exists_(repository.uid(), Key())) edges(repository).records.length() else 0
}

public fun edge(repository: &Repository, number: u64): Derivation {
    *edges(repository).records.record(number)
}

/// Newest edge that ends in a commit of this repository.
public fun newest_of_output(repository: &Repository, output: vector<u8>): Option<u64> {
    if (!field::exists_(repository.uid(), Key())) return option::none();
    edges(repository).records.newest(output)
}

/// Newest edge of this repository that begins at a commit.
public fun newest_of_input(
    repository: &Repository,
    input_repository: ID,
    input: vector<u8>,
): Option<u64> {
    if (!field::exists_(repository.uid(), Key())) return option::none();
    let key = Input { repository: input_repository, commit: input };
    let edges = edges(repository);
    if (edges.newest_of_input.contains(key)) option::some(edges.newest_of_input[key]) else option::none()
}

public fun output(self: &Derivation): vector<u8> {
    self.output
}

public fun input_repository(self: &Derivation): ID {
    self.input.repository
}

public fun input(self: &Derivation): vector<u8> {
    self.input.commit
}

public fun input_push(self: &Derivation): Option<u64> {
    self.input_push
}

public fun relation(self: &Derivation): String {
    self.relation
}

public fun statement(self: &Derivation): Option<vector<u8>> {
    self.statement
}

public fun attester(self: &Derivation): address {
    self.attester
}

public fun previous_of_output(self: &Derivation): Option<u64> {
    self.previous_of_output
}

public fun previous_of_input(self: &Derivation): Option<u64> {
    self.previous_of_input
}

fun edges(repository: &Repository): &Derivations {
    assert!(field::exists_(repository.uid(), Key()), ENoRecords);
    field::borrow(repository.uid(), Key())
}

fun edges_mut(repository: &mut Repository, ctx: &mut TxContext): &mut Derivations {
    if (!field::exists_(repository.uid(), Key())) {
        let empty = Derivations {
            records: numbered_log::new(ctx),
            newest_of_input: table::new(ctx),
            numbers: table::new(ctx),
        };
        field::add(repository.uid_mut(), Key(), empty)
    };
    field::borrow_mut(repository.uid_mut(), Key())
}
