/** What to type to take a command back. */

/** A command of Floe with its arguments quoted for a shell where they need it. */
export function floeCommand(...words: readonly string[]): string {
  return ['floe', ...words.map(quoted)].join(' ')
}

function quoted(word: string): string {
  return /^[\w./@{}~^:=+,%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

export const shortId = (id: string): string => id.slice(0, 12)

/** Files were overwritten that no version has. */
export const LOST_HINT = 'what was thrown away was in no version, so it cannot be brought back'
