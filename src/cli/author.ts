/** Who a commit says it is by: an option, the environment, the workspace's configuration, the global one, or the account's
 *  name. */

import { userInfo } from 'node:os'
import { UsageError } from '../base/errors.ts'
import { getConfig } from '../repo/config.ts'
import { getGlobalConfig } from '../repo/global-config.ts'
import type { Workspace } from '../store/workspace.ts'
import type { Context } from './context.ts'

export async function authorFrom(
  context: Context,
  workspace: Workspace,
  option: string | undefined,
): Promise<{ name: string; email: string }> {
  if (option !== undefined) {
    const match = /^\s*([^<>]+?)\s*<([^<>\s]*)>\s*$/.exec(option)
    if (!match)
      throw new UsageError('AUTHOR_MALFORMED', `"${option}" is not an author`, {
        hints: ['write it as "Name <email>"'],
      })
    return { name: match[1]!, email: match[2]! }
  }
  const setting = async (key: string) => (await getConfig(workspace, key)) ?? getGlobalConfig(context.homeDir, key)
  const name = context.env.FLOE_AUTHOR_NAME ?? (await setting('user.name')) ?? accountName()
  const email = context.env.FLOE_AUTHOR_EMAIL ?? (await setting('user.email')) ?? ''
  return { name, email }
}

function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown' // a container may run under a user id that has no account
  }
}
