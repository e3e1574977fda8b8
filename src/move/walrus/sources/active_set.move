/// The nodes with enough stake to be chosen for a committee.
module walrus::active_set;

/// A set without room.
const EZeroMaxSize: u64 = 0;
/// The node is in the set already.
const EDuplicateInsertion: u64 = 1;

public struct ActiveSetEntry has copy, drop, store {
    node_id: ID,
    staked_amount: u64,
}

public struct ActiveSet has copy, drop, store {
    max_size: u16,
    threshold_stake: u64,
    nodes: vector<ActiveSetEntry>,
    total_stake: u64,
}

public(package) fun new(max_size: u16, threshold_stake: u64): ActiveSet {
    assert!(max_size > 0, EZeroMaxSize);
    ActiveSet { max_size, threshold_stake, nodes: vector[], total_stake: 0 }
}

public(package) fun insert(self: &mut ActiveSet, node_id: ID, staked_amount: u64) {
    let n = self.nodes.length();
    let mut at = 0;
    while (at < n) {
        assert!(self.nodes[at].node_id != node_id, EDuplicateInsertion);
        at = at + 1;
    };
    self.nodes.push_back(ActiveSetEntry { node_id, staked_amount });
    self.total_stake = self.total_stake + staked_amount
}
