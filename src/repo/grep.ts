/** `grep`: paths of a version, or lines of its text files, that match a pattern. */

import { throwIfAborted } from '../base/abort.ts'
import { UsageError } from '../base/errors.ts'
import { walkTree } from '../objects/tree.ts'
import type { Workspace } from '../store/workspace.ts'
import { readText } from './merge-contents.ts'
import { treeOfRevision } from './versions.ts'

export interface GrepOptions {
  /** A regular expression of JavaScript. */
  pattern: string
  ignoreCase?: boolean | undefined
  /** Default: HEAD. */
  revision?: string | undefined
  /** Only at or below this path. */
  prefix?: string | undefined
  /** Search in text files of up to 16 MiB instead of in paths. */
  contents?: boolean | undefined
  signal?: AbortSignal | undefined
}

export interface GrepMatch {
  path: string
  /** With `contents`: the line and its number from 1. */
  line?: number
  text?: string
}

const MAX_PATTERN_CHARS = 1000

/** In path order, as they are found.
 *  @throws {UsageError} PATTERN_MALFORMED (exit 2) */
export async function* grep(workspace: Workspace, options: GrepOptions): AsyncGenerator<GrepMatch> {
  const { revision = 'HEAD', prefix, signal } = options
  const pattern = parsePattern(options)
  const { tree } = await treeOfRevision(workspace, revision)
  const { read } = workspace.store
  for await (const entry of walkTree(read, tree, { signal, ...(prefix ? { prefix } : {}) })) {
    throwIfAborted(signal)
    if (!options.contents) {
      if (pattern.test(entry.path)) yield { path: entry.path }
      continue
    }
    const text = entry.kind === 'file' ? await readText(read, entry) : undefined
    if (text === undefined || !pattern.test(text)) continue
    for (const [index, line] of text.split('\n').entries())
      if (pattern.test(line)) yield { path: entry.path, line: index + 1, text: line }
  }
}

function parsePattern({ pattern, ignoreCase }: GrepOptions): RegExp {
  try {
    if (pattern.length > MAX_PATTERN_CHARS) throw new SyntaxError('it is too long')
    return new RegExp(pattern, ignoreCase ? 'imu' : 'mu')
  } catch (error) {
    throw new UsageError('PATTERN_MALFORMED', `"${pattern.slice(0, 100)}" is no pattern`, { cause: error })
  }
}
