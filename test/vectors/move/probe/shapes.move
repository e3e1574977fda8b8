/// Enums, generics, constants, references.
module probe::shapes;

const LIST: vector<u16> = vector[1, 2, 3, 65535];
const WORDS: vector<vector<u8>> = vector[b"one", b"", b"three"];

public enum Shape has copy, drop, store {
    Empty,
    Circle { radius: u64 },
    Rectangle(u64, u64),
}

public enum Tree<T> has drop {
    Leaf(T),
    Many { items: vector<T>, weight: u8 },
}

public struct Pair<A, B> has copy, drop, store {
    first: A,
    second: B,
}

public struct Tagged<phantom T> has copy, drop, store {
    count: u32,
}

public struct NoCopy has drop, store {
    value: u64,
}

public struct Hot {
    value: u64,
}

public fun circle(radius: u64): Shape { Shape::Circle { radius } }

public fun rectangle(a: u64, b: u64): Shape { Shape::Rectangle(a, b) }

public fun empty(): Shape { Shape::Empty }

public fun area(shape: &Shape): u64 {
    match (shape) {
        Shape::Empty => 0,
        Shape::Circle { radius } => 3 * *radius * *radius,
        Shape::Rectangle(a, b) => *a * *b,
    }
}

public fun grow(mut shape: Shape): Shape {
    match (&mut shape) {
        Shape::Empty => (),
        Shape::Circle { radius } => *radius = *radius + 1,
        Shape::Rectangle(a, _) => *a = *a * 10,
    };
    shape
}

public fun unwrap_circle(shape: Shape): u64 {
    match (shape) {
        Shape::Circle { radius } => radius,
        _ => abort 9,
    }
}

public fun weigh(): u64 {
    total(Tree<u64>::Many { items: vector[4, 5], weight: 2 }) + total(Tree<u64>::Leaf(100))
}

public fun add_item(item: u64): u64 {
    let mut tree = Tree<u64>::Many { items: vector[], weight: 3 };
    match (&mut tree) {
        Tree::Many { items, weight } => {
            items.push_back(item);
            *weight = *weight + 1;
        },
        Tree::Leaf(_) => (),
    };
    total(tree)
}

fun total(tree: Tree<u64>): u64 {
    match (tree) {
        Tree::Leaf(value) => value,
        Tree::Many { items, weight } => {
            let mut sum = 0;
            let mut at = 0;
            while (at < items.length()) {
                sum = sum + items[at];
                at = at + 1;
            };
            sum * (weight as u64)
        },
    }
}

public fun pair<A, B>(first: A, second: B): Pair<A, B> { Pair { first, second } }

public fun swap<A: drop, B: drop>(p: Pair<A, B>): Pair<B, A> {
    let Pair { first, second } = p;
    Pair { first: second, second: first }
}

public fun nested(): Pair<vector<u8>, Pair<bool, address>> {
    pair(b"xy", swap(pair(@0xabc, true)))
}

public fun tagged<T>(count: u32): Tagged<T> { Tagged { count } }

public fun constants(): (vector<u16>, vector<vector<u8>>) { (LIST, WORDS) }

public fun through_references(): (u64, u64) {
    let mut p = Pair { first: 1u64, second: 2u64 };
    let first = &mut p.first;
    *first = 40;
    let second = &mut p.second;
    *second = *second + 3;
    (p.first, p.second)
}

public fun same<T: drop>(a: T, b: T): bool { a == b }

public fun no_copy(value: u64): NoCopy { NoCopy { value } }

public fun hot(value: u64): Hot { Hot { value } }

public fun cool(hot: Hot): u64 {
    let Hot { value } = hot;
    value
}

public fun peek(hot: &Hot): u64 { hot.value }

public fun heat(hot: &mut Hot, by: u64) { hot.value = hot.value + by }

public fun wide(): (u16, u32, u128, u256) { (65535, 4294967295, 340282366920938463463374607431768211455, 1 << 255) }

public fun add_text(text: &mut std::string::String, more: std::string::String): u64 {
    text.append(more);
    text.length()
}

public fun maybe(value: Option<u64>): u64 { value.destroy_with_default(7) }
