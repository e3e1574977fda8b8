/// Stake per share of a pool. The local network pays rewards as commission only, so its pools stay flat.
module walrus::pool_exchange_rate;

public enum PoolExchangeRate has copy, drop, store {
    Flat,
    Variable {
        wal_amount: u128,
        share_amount: u128,
    },
}

public(package) fun flat(): PoolExchangeRate {
    PoolExchangeRate::Flat
}
