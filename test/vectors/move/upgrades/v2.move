module upgraded::api;

public struct Config has key, store { id: UID, level: u64 }

public struct Seen has copy, drop { level: u64 }

public struct Extra has copy, drop, store { note: u8 }

public fun create(ctx: &mut TxContext): Config { Config { id: object::new(ctx), level: step() } }

public fun level(self: &Config): u64 { self.level }

public fun bump(self: &mut Config) { self.level = self.level + step() }

public fun see(self: &Config) { sui::event::emit(Seen { level: self.level }) }

public fun extra(): Extra { Extra { note: 5 } }

fun step(): u64 { 100 }
