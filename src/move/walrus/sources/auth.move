/// Who may act for a node: an address, or the holder of an object.
module walrus::auth;

public enum Authenticated has drop {
    Sender(address),
    Object(ID),
}

public enum Authorized has copy, drop, store {
    Address(address),
    ObjectID(ID),
}

public fun authenticate_sender(ctx: &TxContext): Authenticated {
    Authenticated::Sender(ctx.sender())
}

public fun authenticate_with_object<T: key>(obj: &T): Authenticated {
    Authenticated::Object(object::id(obj))
}

public fun authorized_address(addr: address): Authorized {
    Authorized::Address(addr)
}

public fun authorized_object(id: ID): Authorized {
    Authorized::ObjectID(id)
}

public(package) fun matches(authenticated: &Authenticated, authorized: &Authorized): bool {
    match (authorized) {
        Authorized::Address(allowed) => match (authenticated) {
            Authenticated::Sender(sender) => sender == allowed,
            Authenticated::Object(_) => false,
        },
        Authorized::ObjectID(allowed) => match (authenticated) {
            Authenticated::Sender(_) => false,
            Authenticated::Object(id) => id == allowed,
        },
    }
}
