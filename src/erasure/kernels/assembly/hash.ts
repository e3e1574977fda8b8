/** BLAKE2b-256 (RFC 7693) of three messages at once, one in each 64-bit lane of vectors and one in words, and Merkle
 *  trees over it.
 *
 *  Every message here is a one-byte prefix followed by bytes in memory: 0x00 ‖ symbol for a leaf, 0x01 ‖ two nodes for an
 *  inner node. The prefix is put into the first vector while loading, so nothing is copied to make the message. Loads
 *  may reach 1 byte before and 15 bytes past the message; the memory around it must exist. */

import { rounds } from './rounds';

const STATE: usize = memory.data(128, 16);
const MESSAGE: usize = memory.data(256, 16);
const SINGLE: usize = memory.data(64, 16);
const SINGLE_MESSAGE: usize = memory.data(128, 16);
const DUMP: usize = memory.data(32, 16);
/** 16 bytes 0xff, then 16 bytes 0: a load at 16 - r masks all but the first r bytes. */
const MASK: usize = memory.data<u8>([
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], 16);

/** Words of 16 message bytes of both lanes, interleaved, and those of the single message. */
// @ts-ignore: decorator
@inline
function put(at: usize, a: v128, b: v128, c: v128): void {
  v128.store(MESSAGE + (at << 1), v128.shuffle<u64>(a, b, 0, 2));
  v128.store(MESSAGE + (at << 1), v128.shuffle<u64>(a, b, 1, 3), 16);
  v128.store(SINGLE_MESSAGE + at, c);
}

// @ts-ignore: decorator
@inline
function withPrefix(bytes: v128, prefix: u8): v128 {
  return i8x16.replace_lane(bytes, 0, prefix);
}

/** Word `i` of the state, of all three. */
function begin(i: usize, word: i64): void {
  v128.store(STATE + (i << 4), i64x2.splat(word));
  store<i64>(SINGLE + (i << 3), word);
}

/** Hashes of prefix ‖ a[0..len), prefix ‖ b[0..len) and prefix ‖ c[0..len), 32 bytes each. All three are read before
 *  anything is written. */
function hashThree(
  a: usize, b: usize, c: usize, len: usize, prefix: u8, outA: usize, outB: usize, outC: usize,
): void {
  // Parameter block: digest length 32, no key, fanout 1, depth 1.
  begin(0, 0x6a09e667f3bcc908 ^ 0x01010020);
  begin(1, 0xbb67ae8584caa73b);
  begin(2, 0x3c6ef372fe94f82b);
  begin(3, 0xa54ff53a5f1d36f1);
  begin(4, 0x510e527fade682d1);
  begin(5, 0x9b05688c2b3e6c1f);
  begin(6, 0x1f83d9abfb41bd6b);
  begin(7, 0x5be0cd19137e2179);
  const total = len + 1;
  // Message byte i is at a - 1 + i.
  a -= 1;
  b -= 1;
  c -= 1;
  let done: usize = 0;
  while (total - done > 128) {
    for (let o: usize = 0; o < 128; o += 16) put(o, v128.load(a + o), v128.load(b + o), v128.load(c + o));
    if (done == 0)
      put(0, withPrefix(v128.load(a), prefix), withPrefix(v128.load(b), prefix), withPrefix(v128.load(c), prefix));
    a += 128;
    b += 128;
    c += 128;
    done += 128;
    rounds(STATE, MESSAGE, SINGLE, SINGLE_MESSAGE, done, 0);
  }
  const rest = total - done;
  for (let o: usize = 0; o < 128; o += 16) {
    if (o + 16 <= rest) put(o, v128.load(a + o), v128.load(b + o), v128.load(c + o));
    else if (o >= rest) put(o, i64x2.splat(0), i64x2.splat(0), i64x2.splat(0));
    else {
      const mask = v128.load(MASK + 16 - (rest - o));
      put(o, v128.and(v128.load(a + o), mask), v128.and(v128.load(b + o), mask), v128.and(v128.load(c + o), mask));
    }
  }
  if (done == 0) {
    const mask = rest < 16 ? v128.load(MASK + 16 - rest) : i8x16.splat(-1);
    put(
      0,
      withPrefix(v128.and(v128.load(a), mask), prefix),
      withPrefix(v128.and(v128.load(b), mask), prefix),
      withPrefix(v128.and(v128.load(c), mask), prefix),
    );
  }
  rounds(STATE, MESSAGE, SINGLE, SINGLE_MESSAGE, total, -1);
  const h0 = v128.load(STATE, 0), h1 = v128.load(STATE, 16), h2 = v128.load(STATE, 32), h3 = v128.load(STATE, 48);
  v128.store(outA, v128.shuffle<u64>(h0, h1, 0, 2), 0);
  v128.store(outA, v128.shuffle<u64>(h2, h3, 0, 2), 16);
  v128.store(outB, v128.shuffle<u64>(h0, h1, 1, 3), 0);
  v128.store(outB, v128.shuffle<u64>(h2, h3, 1, 3), 16);
  v128.store(outC, v128.load(SINGLE, 0), 0);
  v128.store(outC, v128.load(SINGLE, 16), 16);
}

/** Leaf hash of each of `count` symbols. */
export function hashLeaves(
  symbols: usize, symbolStride: usize, symbolBytes: usize, count: i32, leaves: usize, leafStride: usize,
): void {
  let i = 0;
  for (; i + 2 < count; i += 3) {
    const second = symbols + symbolStride, third = second + symbolStride;
    const leaf2 = leaves + leafStride, leaf3 = leaf2 + leafStride;
    hashThree(symbols, second, third, symbolBytes, 0, leaves, leaf2, leaf3);
    symbols = third + symbolStride;
    leaves = leaf3 + leafStride;
  }
  if (i + 1 < count)
    hashThree(symbols, symbols + symbolStride, symbols, symbolBytes, 0, leaves, leaves + leafStride, DUMP);
  else if (i < count) hashThree(symbols, symbols, symbols, symbolBytes, 0, leaves, DUMP, DUMP);
}

/** Parents of `count` pairs of nodes that stand one after the other, into `parents`, which may be `nodes`. */
export function hashPairs(nodes: usize, count: i32, parents: usize): void {
  let i = 0;
  for (; i + 2 < count; i += 3) {
    hashThree(nodes, nodes + 64, nodes + 128, 64, 1, parents, parents + 32, parents + 64);
    nodes += 192;
    parents += 96;
  }
  if (i + 1 < count) hashThree(nodes, nodes + 64, nodes, 64, 1, parents, parents + 32, DUMP);
  else if (i < count) hashThree(nodes, nodes, nodes, 64, 1, parents, DUMP, DUMP);
}

/** Merkle root over `count` leaves, into `root`. `scratch` holds count + 1 nodes and loses its content. */
export function merkleRoot(leaves: usize, leafStride: usize, count: i32, scratch: usize, root: usize): void {
  for (let i = 0; i < count; i++) {
    v128.store(scratch + <usize>i * 32, v128.load(leaves), 0);
    v128.store(scratch + <usize>i * 32, v128.load(leaves, 16), 16);
    leaves += leafStride;
  }
  while (count > 1) {
    if (count & 1) {
      // An odd level is padded with one node of zeros, not hashed.
      v128.store(scratch + <usize>count * 32, i64x2.splat(0), 0);
      v128.store(scratch + <usize>count * 32, i64x2.splat(0), 16);
      count++;
    }
    count >>= 1;
    // In place: the outputs of three pairs lie below the inputs of the next.
    hashPairs(scratch, count, scratch);
  }
  v128.store(root, v128.load(scratch, 0), 0);
  v128.store(root, v128.load(scratch, 16), 16);
}
