/** Writes the source of BLAKE2b's twelve rounds, fully unrolled: AssemblyScript has neither macros nor several return
 *  values, and unrolled, every message word is a load from a constant place. @see RFC 7693 §2.7, §3.2 */

const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
]

const IV = [
  '0x6a09e667f3bcc908',
  '0xbb67ae8584caa73b',
  '0x3c6ef372fe94f82b',
  '0xa54ff53a5f1d36f1',
  '0x510e527fade682d1',
  '0x9b05688c2b3e6c1f',
  '0x1f83d9abfb41bd6b',
  '0x5be0cd19137e2179',
]

/** Column steps, then diagonal steps. */
const STEPS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
]

const ROUND_COUNT = 12

/** Source text of `rounds(state, message, single, singleMessage, counter, last)`: one compression of three messages, two
 *  of them in the lanes of vectors and one in 64-bit words. Processors have other units for words than for vectors, and
 *  the steps of two vectors alone do not keep both busy: the third message costs a sixth more time, where
 *  alone it would cost two thirds. How finely the two kinds of step are mixed makes no difference.
 *
 *  The message word is added first: it is at hand while the other operand is still being rotated (6 % faster).
 *  Interleaving four steps of one kind line by line gained nothing; a second function for blocks that end in zero words,
 *  which skips them, gained 4 % of hashing and is as large again to compile. */
export function roundsSource(): string {
  const lines = [
    '// Written by kernels/rounds.ts.',
    `const ROTATE_24: usize = memory.data<u8>([${rotatedLanes(3).join(', ')}], 16);`,
    '',
    '// @ts-ignore: decorator',
    '@inline',
    'function rotate24(x: v128, table: v128): v128 {',
    '  // With the table in a register this is one instruction; a shuffle makes its table anew each time (10 % of all).',
    '  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(x, table);',
    `  return ${rotateBytes('x', 3)};`,
    '}',
    '',
    '/** Compresses one 128-byte block of both lanes and of the single message. @param last - -1 for the last, else 0 */',
    'export function rounds(',
    '  state: usize, message: usize, single: usize, singleMessage: usize, counter: usize, last: i64,',
    '): void {',
    '  const table = v128.load(ROTATE_24);',
  ]
  for (let i = 0; i < 8; i++) {
    lines.push(`  let v${i} = v128.load(state, ${16 * i}), v${i + 8} = i64x2.splat(${IV[i]});`)
  }
  lines.push('  v12 = v128.xor(v12, i64x2.splat(<i64>counter));', '  v14 = v128.xor(v14, i64x2.splat(last));')
  lines.push(...wordsBefore('single'))
  for (let round = 0; round < ROUND_COUNT; round++) {
    for (const step of STEPS.keys()) lines.push(...vectorStep(round, step), ...wordStep(round, step, 'singleMessage'))
  }
  for (let i = 0; i < 8; i++) {
    lines.push(`  v128.store(state, v128.xor(v128.load(state, ${16 * i}), v128.xor(v${i}, v${i + 8})), ${16 * i});`)
  }
  lines.push(...wordsAfter('single'), '}', '')
  return lines.join('\n')
}

/** The same for one message in 64-bit words, without vector instructions. */
export function scalarRoundsSource(): string {
  const lines = [
    '// Written by kernels/rounds.ts.',
    '/** Compresses one 128-byte block. @param last - -1 for the last block, else 0 */',
    'export function rounds(state: usize, message: usize, counter: usize, last: i64): void {',
    ...wordsBefore('state'),
  ]
  for (let round = 0; round < ROUND_COUNT; round++) {
    for (const step of STEPS.keys()) lines.push(...wordStep(round, step, 'message'))
  }
  lines.push(...wordsAfter('state'), '}', '')
  return lines.join('\n')
}

function vectorStep(round: number, step: number): string[] {
  const [a, b, c, d] = STEPS[step]!
  const word = (k: number) => `v128.load(message, ${16 * SIGMA[round % 10]![2 * step + k]!})`
  return [
    `  v${a} = i64x2.add(i64x2.add(v${a}, ${word(0)}), v${b});`,
    `  v${d} = ${rotate32(`v128.xor(v${d}, v${a})`)};`,
    `  v${c} = i64x2.add(v${c}, v${d});`,
    `  v${b} = rotate24(v128.xor(v${b}, v${c}), table);`,
    `  v${a} = i64x2.add(i64x2.add(v${a}, ${word(1)}), v${b});`,
    `  v${d} = ${rotateBytes(`v128.xor(v${d}, v${a})`, 2)};`,
    `  v${c} = i64x2.add(v${c}, v${d});`,
    `  v${b} = v128.xor(v${b}, v${c});`,
    `  v${b} = v128.or(i64x2.add(v${b}, v${b}), i64x2.shr_u(v${b}, 63));`,
  ]
}

function wordStep(round: number, step: number, message: string): string[] {
  const [a, b, c, d] = STEPS[step]!
  const word = (k: number) => `load<u64>(${message}, ${8 * SIGMA[round % 10]![2 * step + k]!})`
  return [
    `  w${a} = w${a} + ${word(0)} + w${b};`,
    `  w${d} = rotr(w${d} ^ w${a}, 32);`,
    `  w${c} += w${d};`,
    `  w${b} = rotr(w${b} ^ w${c}, 24);`,
    `  w${a} = w${a} + ${word(1)} + w${b};`,
    `  w${d} = rotr(w${d} ^ w${a}, 16);`,
    `  w${c} += w${d};`,
    `  w${b} = rotr(w${b} ^ w${c}, 63);`,
  ]
}

function wordsBefore(state: string): string[] {
  const words = IV.map((iv, i) => `  let w${i} = load<u64>(${state}, ${8 * i}), w${i + 8}: u64 = ${iv};`)
  return [...words, '  w12 ^= <u64>counter;', '  w14 ^= <u64>last;']
}

function wordsAfter(state: string): string[] {
  return IV.map((_, i) => `  store<u64>(${state}, load<u64>(${state}, ${8 * i}) ^ w${i} ^ w${i + 8}, ${8 * i});`)
}

function rotate32(vector: string): string {
  return `v128.shuffle<i32>(${vector}, i64x2.splat(0), 1, 0, 3, 2)`
}

/** Both lanes rotated right by whole bytes: one shuffle. */
function rotateBytes(vector: string, bytes: number): string {
  return `v128.shuffle<i8>(${vector}, i64x2.splat(0), ${rotatedLanes(bytes).join(', ')})`
}

function rotatedLanes(bytes: number): number[] {
  return Array.from({ length: 16 }, (_, i) => (i & 8) | ((i + bytes) & 7))
}
