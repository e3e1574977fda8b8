/// A value kept outside its owner, under a dynamic field of its own object, so that big or changing parts do not
/// weigh on the owner.
module walrus::extended_field;

use sui::dynamic_field as field;

public struct Key() has copy, drop, store;

public struct ExtendedField<phantom T: store> has key, store {
    id: UID,
}

public(package) fun new<T: store>(value: T, ctx: &mut TxContext): ExtendedField<T> {
    let mut id = object::new(ctx);
    field::add(&mut id, Key(), value);
    ExtendedField { id }
}

public(package) fun borrow<T: store>(self: &ExtendedField<T>): &T {
    field::borrow(&self.id, Key())
}

public(package) fun borrow_mut<T: store>(self: &mut ExtendedField<T>): &mut T {
    field::borrow_mut(&mut self.id, Key())
}

public(package) fun swap<T: store>(self: &mut ExtendedField<T>, value: T): T {
    let previous = field::remove(&mut self.id, Key());
    field::add(&mut self.id, Key(), value);
    previous
}

public(package) fun destroy<T: store>(self: ExtendedField<T>): T {
    let ExtendedField { mut id } = self;
    let value = field::remove(&mut id, Key());
    id.delete();
    value
}
