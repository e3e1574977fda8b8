/** What a command file provides. One file per verb; the path under commands/ is what is typed. */

import type { Command } from 'commander'
import type { Context } from './context.ts'

/** What a command gives back: data for `--json`, lines for a person. */
export interface Result {
  /** JSON-safe object; `--json` prints it as the one object on stdout. */
  data: object
  /** Lines for stdout; none when the command wrote its result itself (for example `cat`). */
  lines?: readonly string[]
  /** Lines for stderr after the result: what to type next, how to undo. */
  hints?: readonly string[]
  /** Commands to be typed, in this order, to take it back; printed as hints and given as `undo` with `--json`. */
  undo?: readonly string[]
  /** What these do not bring back, or why there are none and what remains; printed and given as `notUndone` likewise. */
  notUndone?: readonly string[]
  /** Exit status when it is not 0 although nothing was thrown (3: partial). */
  exitCode?: number
}

export interface CommandSpec {
  /** Adds arguments, options and help text; the summary comes from the registry. */
  define(command: Command): void
  run(context: Context, args: string[], options: Record<string, unknown>): Promise<Result>
}

/** Types the options that `define` declared. */
export function command<Options extends object>(spec: {
  define(command: Command): void
  run(context: Context, args: string[], options: Options): Promise<Result>
}): CommandSpec {
  return spec as unknown as CommandSpec
}
