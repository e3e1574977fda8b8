/** Committing in place: from which size on files hold their contents themselves, and what is said about it. */

import { UsageError } from '../base/errors.ts'
import type { HeldResult } from '../store/held-keep.ts'
import type { Workspace } from '../store/workspace.ts'
import { getConfig } from './config.ts'
import { parseSize } from './size.ts'

export type InPlaceOption = boolean | number | undefined

/** Setting with the size from which every `add` and `commit -a` leaves files in place. */
export const IN_PLACE_KEY = 'store.inPlace'
/** With `--in-place` and without the setting. Smaller files cost little as a copy, and more as a list of their own. */
export const DEFAULT_IN_PLACE_BYTES: number = 16 * 2 ** 20
/** Below this a file is read together with others, and no setting leaves it in place. */
const MIN_IN_PLACE_BYTES = 2 ** 20

/** @param asked - true: as the command line has it; a number: from that many bytes on; undefined: as the workspace is set
 *  @returns bytes; null where nothing stays in place
 *  @throws {UsageError} SIZE_MALFORMED, IN_PLACE_SMALL (exit 2) for a setting that cannot be */
export async function inPlaceFrom(workspace: Workspace, asked: InPlaceOption): Promise<number | null> {
  if (asked === false) return null
  if (typeof asked === 'number') return asked
  const text = await getConfig(workspace, IN_PLACE_KEY)
  if (text === undefined) return asked ? DEFAULT_IN_PLACE_BYTES : null
  return parseInPlace(text)
}

/** The setting's value in bytes.
 *  @throws {UsageError} SIZE_MALFORMED, IN_PLACE_SMALL (exit 2) */
export function parseInPlace(text: string): number {
  const bytes = parseSize(text)
  if (bytes >= MIN_IN_PLACE_BYTES) return bytes
  throw new UsageError(
    'IN_PLACE_SMALL',
    `${IN_PLACE_KEY} is ${text.slice(0, 100)}, and files below 1 MiB are always copied`,
    {
      data: { value: text.slice(0, 100), leastBytes: MIN_IN_PLACE_BYTES },
      hints: [`set a larger one, such as \`floe config set ${IN_PLACE_KEY} 1GiB\``],
    },
  )
}

export interface LossWarning {
  code: 'IN_PLACE_LOST'
  message: string
  paths: string[]
}

/** What was committed in place and then overwritten is gone; that shall not pass in silence. */
export function lossWarnings(held: readonly HeldResult[]): LossWarning[] {
  return held
    .filter(({ lost }) => lost > 0)
    .map(({ path, lost }) => ({
      code: 'IN_PLACE_LOST',
      message: `${path}: an earlier version was committed in place and has been overwritten since; ${lost === 1 ? 'a chunk of it is' : `${lost} chunks of it are`} gone from here`,
      paths: [path],
    }))
}
