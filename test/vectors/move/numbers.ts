/** Source of the generated module `numbers`. */

/** One function per operation and width: the instructions on integers. */
export function numbersModule(): string {
  const widths = [8, 16, 32, 64, 128, 256]
  const binary = { add: '+', sub: '-', mul: '*', div: '/', mod: '%', or: '|', and: '&', xor: '^' }
  const compare = { lt: '<', gt: '>', le: '<=', ge: '>=', eq: '==', ne: '!=' }
  const lines = ['module probe::numbers;']
  for (const bits of widths) {
    const type = `u${bits}`
    for (const [name, sign] of Object.entries(binary))
      lines.push(`public fun ${name}_${type}(a: ${type}, b: ${type}): ${type} { a ${sign} b }`)
    for (const [name, sign] of Object.entries(compare))
      lines.push(`public fun ${name}_${type}(a: ${type}, b: ${type}): bool { a ${sign} b }`)
    lines.push(`public fun shl_${type}(a: ${type}, n: u8): ${type} { a << n }`)
    lines.push(`public fun shr_${type}(a: ${type}, n: u8): ${type} { a >> n }`)
    lines.push(`public fun cast_${type}(a: u256): ${type} { a as ${type} }`)
    lines.push(`public fun widen_${type}(a: ${type}): u256 { a as u256 }`)
  }
  lines.push('public fun logic(a: bool, b: bool): (bool, bool, bool) { (a && b, a || b, !a) }')
  return `${lines.join('\n')}\n`
}
