/** Patterns of names, as `tag -l` and `branch -l` take them. */

/** `*` stands for any text and `?` for a letter, as in the lists of git. */
export function fitsPattern(name: string, pattern: string): boolean {
  const parts = pattern
    .split(/([*?])/)
    .map((part) => (part === '*' ? '.*' : part === '?' ? '.' : part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')))
  return new RegExp(`^${parts.join('')}$`, 'u').test(name)
}
