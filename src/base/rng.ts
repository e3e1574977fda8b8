/** Seeded random numbers for tests, simulations and generated demo data. Not for secrets.
 *  xoshiro128** (Blackman and Vigna 2018), seeded through splitmix32. */

export interface Rng {
  /** Uniform in 0..2^32-1. */
  nextU32(): number
  /** Uniform in 0..bound-1; the bias is below 2^-20 for bounds up to 4096. */
  below(bound: number): number
  /** Uniform in [0, 1). */
  nextFloat(): number
  fill(bytes: Uint8Array): Uint8Array
}

export function createRng(seed: number): Rng {
  let mix = seed >>> 0
  const splitmix = () => {
    mix = (mix + 0x9e3779b9) >>> 0
    let z = mix
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  let a = splitmix()
  let b = splitmix()
  let c = splitmix()
  let d = splitmix()
  const nextU32 = () => {
    const scrambled = Math.imul(b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result
  }
  return {
    nextU32,
    below: (bound) => nextU32() % bound,
    nextFloat: () => nextU32() / 2 ** 32,
    fill(bytes) {
      let i = 0
      for (; i + 4 <= bytes.length; i += 4) {
        const word = nextU32()
        bytes[i] = word
        bytes[i + 1] = word >>> 8
        bytes[i + 2] = word >>> 16
        bytes[i + 3] = word >>> 24
      }
      for (; i < bytes.length; i++) bytes[i] = nextU32()
      return bytes
    },
  }
}
