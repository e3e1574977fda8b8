module upgraded::api;

public struct Config has key, store { id: UID, level: u128 }

public struct Seen has copy, drop { level: u64 }

public fun create(ctx: &mut TxContext): Config { Config { id: object::new(ctx), level: 1 } }

public fun level(self: &Config): u64 { self.level as u64 }

public fun bump(self: &mut Config) { self.level = self.level + 1 }

public fun see(_: &Config) { sui::event::emit(Seen { level: 1 }) }
