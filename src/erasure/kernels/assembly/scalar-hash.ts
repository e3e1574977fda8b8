/** BLAKE2b-256 (RFC 7693) of one message at a time, and Merkle trees over it; contracts as in `hash.ts`. */

import { rounds } from './rounds';

const STATE: usize = memory.data(64, 16);
const MESSAGE: usize = memory.data(128, 16);

/** Hash of prefix ‖ message[0..len), 32 bytes. */
function hash(message: usize, len: usize, prefix: u8, out: usize): void {
  // Parameter block: digest length 32, no key, fanout 1, depth 1.
  store<u64>(STATE, 0x6a09e667f3bcc908 ^ 0x01010020, 0);
  store<u64>(STATE, 0xbb67ae8584caa73b, 8);
  store<u64>(STATE, 0x3c6ef372fe94f82b, 16);
  store<u64>(STATE, 0xa54ff53a5f1d36f1, 24);
  store<u64>(STATE, 0x510e527fade682d1, 32);
  store<u64>(STATE, 0x9b05688c2b3e6c1f, 40);
  store<u64>(STATE, 0x1f83d9abfb41bd6b, 48);
  store<u64>(STATE, 0x5be0cd19137e2179, 56);
  const total = len + 1;
  store<u8>(MESSAGE, prefix);
  let held: usize = 1, done: usize = 0;
  for (;;) {
    const taken = min<usize>(128 - held, total - done - held);
    memory.copy(MESSAGE + held, message, taken);
    message += taken;
    held += taken;
    if (done + held == total) break;
    done += 128;
    rounds(STATE, MESSAGE, done, 0);
    held = 0;
  }
  memory.fill(MESSAGE + held, 0, 128 - held);
  rounds(STATE, MESSAGE, total, -1);
  memory.copy(out, STATE, 32);
}

/** Leaf hash of each of `count` symbols. */
export function hashLeaves(
  symbols: usize, symbolStride: usize, symbolBytes: usize, count: i32, leaves: usize, leafStride: usize,
): void {
  for (let i = 0; i < count; i++) {
    hash(symbols, symbolBytes, 0, leaves);
    symbols += symbolStride;
    leaves += leafStride;
  }
}

/** Parents of `count` pairs of nodes that stand one after the other, into `parents`, which may be `nodes`. */
export function hashPairs(nodes: usize, count: i32, parents: usize): void {
  for (let i = 0; i < count; i++) hash(nodes + <usize>i * 64, 64, 1, parents + <usize>i * 32);
}

/** Merkle root over `count` leaves, into `root`. `scratch` holds count + 1 nodes and loses its content. */
export function merkleRoot(leaves: usize, leafStride: usize, count: i32, scratch: usize, root: usize): void {
  for (let i = 0; i < count; i++) {
    memory.copy(scratch + <usize>i * 32, leaves, 32);
    leaves += leafStride;
  }
  while (count > 1) {
    if (count & 1) {
      // An odd level is padded with one node of zeros, not hashed.
      memory.fill(scratch + <usize>count * 32, 0, 32);
      count++;
    }
    count >>= 1;
    hashPairs(scratch, count, scratch);
  }
  memory.copy(root, scratch, 32);
}
