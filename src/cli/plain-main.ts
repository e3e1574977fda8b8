/** Runs what `plain-words.ts` has understood: `main.ts` without the parser, from the file that holds what `status` needs
 *  and little else (`.ci/build.ts`). */

import type { CommandSpec } from './command.ts'
import type { PlainVerb, PlainWords } from './plain-words.ts'
import { inSession, type World } from './session.ts'

const COMMANDS: { readonly [verb in PlainVerb]: () => Promise<CommandSpec> } = {
  status: async () => (await import('./commands/status.ts')).status,
  diff: async () => (await import('./commands/diff.ts')).diff,
  switch: async () => (await import('./commands/switch.ts')).switchCommand,
}

/** @returns the exit status; never throws */
export async function plainMain(plain: PlainWords, argv: readonly string[], world: World = {}): Promise<number> {
  const { verb, globals, args, options } = plain
  return inSession(argv, world, async (session) => session.run(await COMMANDS[verb](), globals, args, options))
}
