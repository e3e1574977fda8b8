/// What follows an upgrade of the package.
module walrus::init;

use walrus::events;
use walrus::staking::Staking;
use walrus::system::System;

/// Moves both states to the version of this package. From then on older packages refuse the two objects. Anyone may call
/// it; it works once, and only after the upgrade was committed.
entry fun migrate_v2(staking: &mut Staking, system: &mut System, _ctx: &mut TxContext) {
    staking.migrate();
    system.migrate();
    events::emit_contract_upgraded(system.epoch(), system.package_id(), system.version())
}

#[test_only]
public fun migrate_for_testing(staking: &mut Staking, system: &mut System, ctx: &mut TxContext) {
    migrate_v2(staking, system, ctx)
}
