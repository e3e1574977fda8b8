/** Text from outside on its way to a terminal. */

// C0, DEL, C1; line and paragraph separators; bidirectional marks, embeddings, overrides and isolates; byte order marks;
// tags, which hide text. Joiners stay: emoji need them.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu
const UNSAFE_EXCEPT_LINES = new RegExp(UNSAFE.source.replace('\\u0000-\\u001f', '\\u0000-\\u0008\\u000b-\\u001f'), 'gu')

/** The text without control and bidirectional characters; lone surrogates become U+FFFD.
 *  @param options.lines - keep line feeds and tabs, for messages of several lines (default false) */
export function safeText(text: string, options: { lines?: boolean } = {}): string {
  return text.toWellFormed().replace(options.lines ? UNSAFE_EXCEPT_LINES : UNSAFE, '')
}
