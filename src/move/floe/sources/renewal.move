/// Renewal that the repository's own fund pays, for anyone to carry out, within a rule that an admin sets.
///
/// The contract cannot call Walrus: a version check there would freeze it. So it lends the blob together with money, and
/// both come back in the same transaction. What it can check is what it gets for the money: the same blob, ending later.
/// It cannot see what was paid to whom. Hence the rule is a price: for every epoch that a blob really gained, at most
/// `max_price` per started MiB of its storage. A caller who buys cheaper may keep the difference and nothing else, and each
/// epoch is paid once: a pack is due only when it is about to end, and goes no further than `renew_to`.
///
/// Epochs: the chain does not say which one it is, but a blob says in which it was registered. `show_epoch` takes such a
/// proof from anyone. The known epoch is never ahead of the real one, so a renewal may come late but never too often.
module floe::renewal;

use floe::events;
use floe::repository::{Repository, AdminCap};
use sui::coin::{Self, Coin};
use sui::dynamic_field as field;
use wal::wal::WAL;
use walrus::blob::Blob;

/// The rule must have 0 < `renew_below` <= `renew_to` and no amount of 0.
const EBadRule: u64 = 0;
/// The repository has no rule, so its fund pays for nothing.
const ENoRule: u64 = 1;
/// The pack does not end soon enough, as far as the epoch is known: `show_epoch` proves a later one.
const ENotDue: u64 = 2;
/// The pack has expired; only a new blob can replace it.
const EExpired: u64 = 3;
/// The fund is empty, or this epoch's budget is spent.
const ENoMoney: u64 = 4;
/// The renewal is of another repository.
const EWrongRepository: u64 = 5;
/// The blob did not gain an epoch.
const ENotRenewed: u64 = 6;
/// The blob ends later than the rule allows.
const ETooFar: u64 = 7;
/// More was spent than the rule allows for the epochs gained.
const EOverspent: u64 = 8;

const BYTES_PER_UNIT: u64 = 1_048_576;

/// Key of the dynamic field of the repository that holds the rule.
public struct Key() has copy, drop, store;

/// Amounts in FROST.
public struct Rule has copy, drop, store {
    /// A pack is due when fewer epochs remain.
    renew_below: u32,
    /// At most so many epochs remain afterwards.
    renew_to: u32,
    /// Per started MiB of storage and epoch.
    max_price: u64,
    /// Per renewal of a pack.
    max_per_pack: u64,
    /// For all packs together, per Walrus epoch.
    max_per_epoch: u64,
}

/// The rule, and how far the budget of the current epoch is used.
public struct Account has store {
    rule: Rule,
    epoch: u32,
    spent: u64,
}

/// A debt: only `finish` ends it, so a transaction that begins a renewal brings blob and money back or fails.
public struct Renewal {
    repository: ID,
    pack: u64,
    object_id: ID,
    lent: u64,
    /// Before the renewal.
    end_epoch: u32,
    last_end_epoch: u32,
    units: u64,
    max_price: u64,
    epoch: u32,
}

/// From now on. What this epoch has spent stays counted.
public fun set_rule(
    repository: &mut Repository,
    cap: &AdminCap,
    renew_below: u32,
    renew_to: u32,
    max_price: u64,
    max_per_pack: u64,
    max_per_epoch: u64,
) {
    repository.assert_admin(cap);
    assert!(renew_below > 0 && renew_below <= renew_to, EBadRule);
    assert!(max_price > 0 && max_per_pack > 0 && max_per_epoch > 0, EBadRule);
    let rule = Rule { renew_below, renew_to, max_price, max_per_pack, max_per_epoch };
    if (has_rule(repository)) {
        account_mut(repository).rule = rule
    } else {
        let epoch = repository.packs().seen_epoch();
        field::add(repository.uid_mut(), Key(), Account { rule, epoch, spent: 0 })
    };
    events::emit_renewal_rule_set(
        object::id(repository),
        renew_below,
        renew_to,
        max_price,
        max_per_pack,
        max_per_epoch,
    )
}

/// The fund pays for nothing from now on. What is under way in this transaction may still end.
public fun clear_rule(repository: &mut Repository, cap: &AdminCap) {
    repository.assert_admin(cap);
    assert!(has_rule(repository), ENoRule);
    let Account { rule: _, epoch: _, spent: _ } = field::remove(repository.uid_mut(), Key());
    events::emit_renewal_rule_cleared(object::id(repository))
}

/// The epoch in which any blob was registered or certified has begun. Anyone may show one; the blob need not be stored.
public fun show_epoch(repository: &mut Repository, blob: &Blob) {
    repository.assert_version();
    let before = repository.packs().seen_epoch();
    repository.packs_mut().show_epoch(blob.registered_epoch());
    let certified = blob.certified_epoch();
    if (certified.is_some()) repository.packs_mut().show_epoch(*certified.borrow());
    let seen_epoch = repository.packs().seen_epoch();
    if (seen_epoch > before) events::emit_epoch_shown(object::id(repository), seen_epoch)
}

/// Lends the blob of a pack that is due, and at most what the rule allows for it.
public fun begin(
    repository: &mut Repository,
    pack: u64,
    ctx: &mut TxContext,
): (Blob, Coin<WAL>, Renewal) {
    repository.assert_version();
    assert!(has_rule(repository), ENoRule);
    // What can still be taken back or is to go is not worth the fund's money.
    repository.packs().assert_published(pack);
    let epoch = repository.packs().seen_epoch();
    let rule = account(repository).rule;
    let blob = repository.packs_mut().take_for_loan(pack);
    let end_epoch = blob.end_epoch();
    assert!(end_epoch > epoch, EExpired);
    assert!(end_epoch - epoch < rule.renew_below, ENotDue);
    let last_end_epoch = epoch + rule.renew_to;
    let units = units(blob.storage().size());
    let allowed = price(units, last_end_epoch - end_epoch, rule.max_price, rule.max_per_pack);
    let account = account_mut(repository);
    if (account.epoch != epoch) {
        account.epoch = epoch;
        account.spent = 0
    };
    let left = if (rule.max_per_epoch > account.spent) rule.max_per_epoch - account.spent else 0;
    let lent = min(min(allowed, left), repository.fund_value());
    assert!(lent > 0, ENoMoney);
    let account = account_mut(repository);
    account.spent = account.spent + lent;
    let money = coin::take(repository.fund_mut(), lent, ctx);
    let renewal = Renewal {
        repository: object::id(repository),
        pack,
        object_id: object::id(&blob),
        lent,
        end_epoch,
        last_end_epoch,
        units,
        max_price: rule.max_price,
        epoch,
    };
    (blob, money, renewal)
}

/// Takes both back. More money than was lent is a gift.
public fun finish(
    repository: &mut Repository,
    blob: Blob,
    money: Coin<WAL>,
    renewal: Renewal,
    ctx: &TxContext,
) {
    let Renewal {
        repository: of,
        pack,
        object_id,
        lent,
        end_epoch: before,
        last_end_epoch,
        units,
        max_price,
        epoch,
    } = renewal;
    let id = object::id(repository);
    assert!(of == id, EWrongRepository);
    let end_epoch = blob.end_epoch();
    assert!(end_epoch > before, ENotRenewed);
    assert!(end_epoch <= last_end_epoch, ETooFar);
    let returned = money.value();
    let spent = if (returned < lent) lent - returned else 0;
    assert!(spent <= price(units, end_epoch - before, max_price, lent), EOverspent);
    repository.packs_mut().put_back(pack, blob, object_id);
    repository.fund_mut().join(money.into_balance());
    if (has_rule(repository)) {
        let account = account_mut(repository);
        // The budget of a later epoch was never charged with this loan.
        if (account.epoch == epoch) account.spent = account.spent - (lent - spent)
    };
    events::emit_pack_renewed(id, pack, object_id, end_epoch);
    events::emit_renewed_from_fund(id, pack, end_epoch, spent, ctx.sender());
    events::emit_fund_changed(id, repository.fund_value(), ctx.sender())
}

// Reads

public fun has_rule(repository: &Repository): bool {
    field::exists_(repository.uid(), Key())
}

public fun rule(repository: &Repository): Rule {
    account(repository).rule
}

/// FROST that the fund has spent in the epoch that is known.
public fun spent(repository: &Repository): u64 {
    let account = account(repository);
    if (account.epoch == repository.packs().seen_epoch()) account.spent else 0
}

public fun renew_below(self: &Rule): u32 {
    self.renew_below
}

public fun renew_to(self: &Rule): u32 {
    self.renew_to
}

public fun max_price(self: &Rule): u64 {
    self.max_price
}

public fun max_per_pack(self: &Rule): u64 {
    self.max_per_pack
}

public fun max_per_epoch(self: &Rule): u64 {
    self.max_per_epoch
}

/// FROST for so many units over so many epochs, at most `limit`. Cannot overflow.
fun price(units: u64, epochs: u32, max_price: u64, limit: u64): u64 {
    let exact = (units as u256) * (epochs as u256) * (max_price as u256);
    if (exact > (limit as u256)) limit else exact as u64
}

/// Started MiB, as Walrus counts.
fun units(bytes: u64): u64 {
    if (bytes == 0) 0 else (bytes - 1) / BYTES_PER_UNIT + 1
}

fun min(a: u64, b: u64): u64 {
    if (a < b) a else b
}

fun account(repository: &Repository): &Account {
    assert!(has_rule(repository), ENoRule);
    field::borrow(repository.uid(), Key())
}

fun account_mut(repository: &mut Repository): &mut Account {
    field::borrow_mut(repository.uid_mut(), Key())
}
