/// Which node keeps which shards, sorted by node id.
module walrus::committee;

use sui::vec_map::{Self, VecMap};

/// The shards do not cover 0..n exactly once, or the nodes are not in order.
const EInvalidShardAssignment: u64 = 0;

public struct Committee(VecMap<ID, vector<u16>>) has copy, drop, store;

public(package) fun empty(): Committee {
    Committee(vec_map::empty())
}

/// `nodes` sorted by id; `shards[i]` belongs to `nodes[i]`. Every shard below `n_shards` stands in exactly one list.
public(package) fun new(nodes: vector<ID>, shards: vector<vector<u16>>, n_shards: u16): Committee {
    let count = nodes.length();
    assert!(shards.length() == count, EInvalidShardAssignment);
    let mut seen = vector[];
    while (seen.length() < (n_shards as u64)) seen.push_back(false);
    let mut assigned = 0u64;
    let mut map = vec_map::empty();
    let mut at = 0;
    while (at < count) {
        if (at > 0) {
            let ordered = nodes[at - 1].to_address().to_u256() < nodes[at].to_address().to_u256();
            assert!(ordered, EInvalidShardAssignment);
        };
        let list = &shards[at];
        let mut i = 0;
        while (i < list.length()) {
            let shard = list[i] as u64;
            assert!(shard < (n_shards as u64) && !seen[shard], EInvalidShardAssignment);
            *&mut seen[shard] = true;
            assigned = assigned + 1;
            i = i + 1;
        };
        map.insert(nodes[at], *list);
        at = at + 1;
    };
    assert!(assigned == (n_shards as u64), EInvalidShardAssignment);
    Committee(map)
}

public fun shards(self: &Committee, node_id: &ID): &vector<u16> {
    self.0.get(node_id)
}

public fun size(self: &Committee): u64 {
    self.0.length()
}

public fun inner(self: &Committee): &VecMap<ID, vector<u16>> {
    &self.0
}

public(package) fun node_ids(self: &Committee): vector<ID> {
    self.0.keys()
}

public(package) fun contains(self: &Committee, node_id: &ID): bool {
    self.0.contains(node_id)
}
