/// Vectors, loops, recursion, limits.
module probe::lists;

public fun ends(n: u64): (vector<u8>, vector<u64>) {
    let mut bytes = vector[];
    let mut numbers = vector[];
    let mut at = 0;
    while (at < n) {
        bytes.push_back((at % 256) as u8);
        numbers.push_back(at * at);
        at = at + 1;
    };
    bytes.swap(0, n - 1);
    numbers.swap(0, n - 1);
    (bytes, numbers)
}

public fun set(mut list: vector<u8>, at: u64, value: u8): vector<u8> {
    *&mut list[at] = value;
    list
}

public fun pop(mut list: vector<u64>): (u64, vector<u64>) {
    let last = list.pop_back();
    (last, list)
}

public fun copies(): (vector<u8>, vector<u8>) {
    let a = b"abc";
    let mut b = a;
    b.push_back(100);
    (a, b)
}

public fun nested(): vector<vector<u8>> {
    let mut list = vector[b"a", b"b"];
    let inner = &mut list[1];
    inner.push_back(99);
    list
}

public fun destroy(list: vector<u64>) { list.destroy_empty() }

public fun element(list: vector<u64>, at: u64): u64 { list[at] }

public fun forever() { loop {} }

public fun deep(n: u64): u64 { if (n == 0) 0 else 1 + deep(n - 1) }

public fun hoard() {
    let mut list = vector[0u64];
    loop {
        let more = list;
        list.append(more);
    }
}

public fun sum(n: u64): u64 {
    let mut total = 0;
    let mut at = 0;
    while (at < n) {
        total = total + at;
        at = at + 1;
    };
    total
}
