/// Like `dynamic_field`, but the value stays an object of its own, readable by its ID.
module sui::dynamic_object_field;

use sui::dynamic_field::{
    Self as field,
    add_child_object,
    borrow_child_object,
    borrow_child_object_mut,
    remove_child_object,
};

public struct Wrapper<Name> has copy, drop, store {
    name: Name,
}

public fun add<Name: copy + drop + store, Value: key + store>(
    object: &mut UID,
    name: Name,
    value: Value,
) {
    let key = Wrapper { name };
    field::add(object, key, object::id(&value));
    let (slot, _) = field::field_info<Wrapper<Name>>(object, key);
    add_child_object(slot.to_address(), value)
}

public fun borrow<Name: copy + drop + store, Value: key + store>(object: &UID, name: Name): &Value {
    let (slot, at) = field::field_info<Wrapper<Name>>(object, Wrapper { name });
    borrow_child_object(slot, at)
}

public fun borrow_mut<Name: copy + drop + store, Value: key + store>(
    object: &mut UID,
    name: Name,
): &mut Value {
    let (slot, at) = field::field_info_mut<Wrapper<Name>>(object, Wrapper { name });
    borrow_child_object_mut(slot, at)
}

public fun remove<Name: copy + drop + store, Value: key + store>(object: &mut UID, name: Name): Value {
    let key = Wrapper { name };
    let (slot, at) = field::field_info<Wrapper<Name>>(object, key);
    let value = remove_child_object(slot.to_address(), at);
    field::remove<Wrapper<Name>, ID>(object, key);
    value
}

public fun exists_<Name: copy + drop + store>(object: &UID, name: Name): bool {
    field::exists_with_type<Wrapper<Name>, ID>(object, Wrapper { name })
}

/// The id of the object kept under `name`, if any.
public fun id<Name: copy + drop + store>(object: &UID, name: Name): Option<ID> {
    let key = Wrapper { name };
    if (!field::exists_with_type<Wrapper<Name>, ID>(object, key)) return option::none();
    option::some(*field::borrow<Wrapper<Name>, ID>(object, key))
}
