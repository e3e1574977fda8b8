/// Amounts that take effect in a later epoch.
module walrus::pending_values;

use sui::vec_map::{Self, VecMap};

public struct PendingValues(VecMap<u32, u64>) has copy, drop, store;

public(package) fun empty(): PendingValues {
    PendingValues(vec_map::empty())
}

public(package) fun insert_or_add(self: &mut PendingValues, epoch: u32, value: u64) {
    let PendingValues(map) = self;
    if (map.contains(&epoch)) {
        let present = map.get_mut(&epoch);
        *present = *present + value
    } else {
        map.insert(epoch, value)
    }
}

public(package) fun value_at(self: &PendingValues, epoch: u32): u64 {
    let PendingValues(map) = self;
    let mut sum = 0;
    let keys = map.keys();
    let mut at = 0;
    while (at < keys.length()) {
        if (keys[at] <= epoch) sum = sum + *map.get(&keys[at]);
        at = at + 1;
    };
    sum
}
