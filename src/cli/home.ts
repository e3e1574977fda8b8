/** Where Floe keeps what belongs to a user and not to a workspace. Imports nothing of ours: `bin.ts` needs it first. */

import { homedir } from 'node:os'
import { join } from 'node:path'

/** `FLOE_HOME`, else `$XDG_DATA_HOME/floe`, else `~/.local/share/floe`; `%LOCALAPPDATA%\floe` on Windows. */
export function floeHome(env: Readonly<Record<string, string | undefined>>): string {
  if (env.FLOE_HOME) return env.FLOE_HOME
  if (env.XDG_DATA_HOME) return join(env.XDG_DATA_HOME, 'floe')
  if (process.platform === 'win32' && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, 'floe')
  return join(env.HOME ?? homedir(), '.local', 'share', 'floe')
}
