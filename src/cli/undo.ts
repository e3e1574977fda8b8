/** What to type to take a command back. */

import { isPlainText } from './output.ts'

/** A command of Floe with its arguments quoted for a shell where they need it. */
export function floeCommand(...words: readonly string[]): string {
  return shellCommand('floe', ...words)
}

export function shellCommand(...words: readonly string[]): string {
  return words.map(quoted).join(' ')
}

/** Paths as the last words of a command: none of them is taken for an option. */
export function pathWords(paths: readonly string[]): string[] {
  return paths.some((path) => path.startsWith('-')) ? ['--', ...paths] : [...paths]
}

/** What a shell takes as it is: no tilde or equals sign that it would expand, nothing that it splits or matches. */
const BARE = /^(?!=)(?:[\w./@^:=+,%-]|(?<=\w)~)+$/

function quoted(word: string): string {
  if (BARE.test(word)) return word
  return isPlainText(word) && !word.includes('\t')
    ? `'${word.replaceAll("'", "'\\''")}'`
    : `$'${[...word].map(escaped).join('')}'`
}

/** Within `$'…'`: what must not reach a terminal, byte by byte. */
function escaped(character: string): string {
  if (character === "'" || character === '\\') return `\\${character}`
  if (character === '\n') return '\\n'
  if (character !== '\t' && isPlainText(character)) return character
  return [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}

export const shortId = (id: string): string => id.slice(0, 12)

/** For `reset`: a commit, or before the first one. */
export const placeOf = (commit: string | null): string[] => (commit === null ? ['--root'] : [shortId(commit)])
