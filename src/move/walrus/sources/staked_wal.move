/// Stake of one owner with one node.
module walrus::staked_wal;

use sui::balance::Balance;
use wal::wal::WAL;

/// Not being withdrawn.
const ENotWithdrawing: u64 = 0;
/// The two stakes differ in node, state or epoch.
const EMetadataMismatch: u64 = 1;
/// A part would be empty.
const EInvalidAmount: u64 = 2;
/// Less than one WAL.
const EStakeBelowThreshold: u64 = 7;

const MIN_STAKE: u64 = 1_000_000_000;

public enum StakedWalState has copy, drop, store {
    Staked,
    Withdrawing { withdraw_epoch: u32 },
}

public struct StakedWal has key, store {
    id: UID,
    state: StakedWalState,
    node_id: ID,
    principal: Balance<WAL>,
    activation_epoch: u32,
}

public(package) fun mint(
    node_id: ID,
    principal: Balance<WAL>,
    activation_epoch: u32,
    ctx: &mut TxContext,
): StakedWal {
    assert!(principal.value() >= MIN_STAKE, EStakeBelowThreshold);
    StakedWal { id: object::new(ctx), state: StakedWalState::Staked, node_id, principal, activation_epoch }
}

public(package) fun set_withdrawing(self: &mut StakedWal, withdraw_epoch: u32) {
    self.state = StakedWalState::Withdrawing { withdraw_epoch }
}

public(package) fun into_balance(self: StakedWal): Balance<WAL> {
    let StakedWal { id, principal, .. } = self;
    id.delete();
    principal
}

public fun node_id(self: &StakedWal): ID {
    self.node_id
}

public fun value(self: &StakedWal): u64 {
    self.principal.value()
}

public fun activation_epoch(self: &StakedWal): u32 {
    self.activation_epoch
}

public fun is_staked(self: &StakedWal): bool {
    match (&self.state) {
        StakedWalState::Staked => true,
        StakedWalState::Withdrawing { withdraw_epoch: _ } => false,
    }
}

public fun is_withdrawing(self: &StakedWal): bool {
    !self.is_staked()
}

public fun withdraw_epoch(self: &StakedWal): u32 {
    match (&self.state) {
        StakedWalState::Withdrawing { withdraw_epoch } => *withdraw_epoch,
        StakedWalState::Staked => abort ENotWithdrawing,
    }
}

public fun join(self: &mut StakedWal, other: StakedWal) {
    let StakedWal { id, state, node_id, principal, activation_epoch } = other;
    assert!(self.node_id == node_id && self.state == state, EMetadataMismatch);
    assert!(self.activation_epoch == activation_epoch, EMetadataMismatch);
    id.delete();
    self.principal.join(principal);
}

public fun split(self: &mut StakedWal, amount: u64, ctx: &mut TxContext): StakedWal {
    assert!(amount <= self.principal.value(), EInvalidAmount);
    assert!(amount >= MIN_STAKE && self.principal.value() - amount >= MIN_STAKE, EStakeBelowThreshold);
    StakedWal {
        id: object::new(ctx),
        state: self.state,
        node_id: self.node_id,
        principal: self.principal.split(amount),
        activation_epoch: self.activation_epoch,
    }
}
