/// Shapes and signatures for code that is written by hand to break the borrow rules, and code that keeps them where that is
/// close.
module borrows::borrows;

public enum Slot has copy, drop {
    Empty,
    Full { n: u64 },
}

public struct Pair has copy, drop {
    a: u64,
    b: u64,
}

public struct Box has copy, drop {
    pair: Pair,
    list: vector<u64>,
    slot: Slot,
}

public fun pair(a: u64, b: u64): Pair {
    Pair { a, b }
}

public fun box(a: u64, b: u64, list: vector<u64>): Box {
    Box { pair: Pair { a, b }, list, slot: Slot::Full { n: 9 } }
}

fun set(to: &mut u64, n: u64) {
    *to = n
}

/// What a caller that passes one place twice would gain from.
fun move_over(from: &mut u64, to: &mut u64, n: u64) {
    let (less, more) = (*from - n, *to + n);
    *from = less;
    *to = more
}

fun add(to: &mut u64, n: &u64) {
    *to = *to + *n
}

fun touch(pair: &mut Pair) {
    pair.a = pair.a + 1
}

fun look(pair: &Pair): u64 {
    pair.a + pair.b
}

fun a_of(pair: &mut Pair): &mut u64 {
    &mut pair.a
}

fun parts(pair: &mut Pair): (&mut u64, &mut u64) {
    (&mut pair.a, &mut pair.b)
}

/// Written by hand in the tests.
public fun play(pair: Pair, box: Box, list: vector<u64>): u64 {
    pair.a + box.pair.b + list.length()
}

/// Written by hand in the tests.
fun give(box: &mut Box): (&mut Pair, &mut u64) {
    let Box { pair, list, .. } = box;
    (pair, &mut list[0])
}

/// Everything that is allowed and near to what is not.
public fun allowed(mut pair: Pair, mut box: Box, mut list: vector<u64>): u64 {
    // Two fields at once, while a third place is read.
    let (a, b) = (&mut pair.a, &mut pair.b);
    *a = list.length();
    *b = *a + 1;
    *a = *b + 1;
    move_over(a, b, 1);
    // The struct again, once its fields are let go.
    touch(&mut pair);
    let (a, b) = parts(&mut pair);
    *b = 5;
    add(a, b);
    *a_of(&mut pair) = 2;
    // An older borrow is used before the younger one of the same local.
    let first = &mut pair;
    let second = &mut pair;
    first.a = 3;
    touch(first);
    touch(second);
    // A reader beside readers.
    let seen = &pair;
    let n = &seen.a;
    let sum = look(seen) + *n + look(&pair) + pair.b;
    // Elements one after the other, and growth between.
    let mut i = 0;
    while (i < list.length()) {
        let at = &mut list[i];
        *at = *at + i;
        i = i + 1
    };
    let last = list[list.length() - 1];
    set(&mut list[0], last);
    list.push_back(1);
    list.swap(0, 1);
    let inner = &mut box;
    inner.list.push_back(list[0]);
    inner.pair = pair;
    touch(&mut inner.pair);
    set(&mut inner.pair.b, 40);
    match (&mut inner.slot) {
        Slot::Full { n } => {
            *n = *n + inner.pair.a;
            if (*n > 1_000) inner.slot = Slot::Empty
        },
        Slot::Empty => inner.slot = Slot::Full { n: 1 },
    };
    let filled = match (&box.slot) {
        Slot::Full { n } => *n,
        Slot::Empty => 0,
    };
    sum + filled + look(&box.pair) + box.list.length()
}
