/** GF(2^16) in the Cantor basis, as the code of RS2 uses it.
 *
 *  An element is a 16-bit coordinate vector: bit k selects basis vector b_k, given below as a polynomial in x modulo
 *  x^16+x^5+x^3+x^2+1. Addition is XOR. b_k² + b_k = b_(k-1), which makes the subspace polynomial of the first m basis
 *  vectors act as a right shift by m: that is why the FFT of code.ts needs no table of its own.
 *  @see Cantor 1989; Lin, Chung and Han 2014; reference/walrus-protocol.md §2.1 */

const MODULUS = 0x1002d
const BASIS = [
  0x0001, 0xacca, 0x3c0e, 0x163e, 0xc582, 0xed2e, 0x914c, 0x4012, 0x6c98, 0x10d8, 0x6a72, 0xb900, 0xfdb8, 0xfb34,
  0xff38, 0x991e,
]

/** Order of the multiplicative group: logs are taken modulo this. */
export const GROUP_ORDER = 65535

/** Discrete log to base x of an element; LOG[0] has no meaning. */
export const LOG: Uint16Array = new Uint16Array(65536)

/** Element of a log in 0..131069, twice over so that a sum of two logs needs no reduction. */
export const EXP: Uint16Array = new Uint16Array(2 * GROUP_ORDER)

{
  const logOfPolynomial = new Uint16Array(65536)
  for (let log = 0, power = 1; log < GROUP_ORDER; log++) {
    logOfPolynomial[power] = log
    power <<= 1
    if (power & 0x10000) power ^= MODULUS
  }
  const polynomial = new Uint16Array(65536)
  for (let element = 1; element < 65536; element++) {
    const top = 31 - Math.clz32(element)
    polynomial[element] = polynomial[element ^ (1 << top)]! ^ BASIS[top]!
    const log = logOfPolynomial[polynomial[element]!]!
    LOG[element] = log
    EXP[log] = element
    EXP[log + GROUP_ORDER] = element
  }
}

export function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : EXP[LOG[a]! + LOG[b]!]!
}

/** @throws {RangeError} for 0 */
export function inverse(a: number): number {
  if (a === 0) throw new RangeError('"a" expected a non-zero element, got 0')
  return EXP[GROUP_ORDER - LOG[a]!]!
}

export function divide(a: number, b: number): number {
  return multiply(a, inverse(b))
}
