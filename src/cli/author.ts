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
  const name = (await chosenName(context, workspace)) ?? accountName()
  const email = context.env.FLOE_AUTHOR_EMAIL ?? (await setting(context, workspace, 'user.email')) ?? ''
  return { name, email }
}

/** Undefined if nobody has chosen one, so that the account's will be used. */
export async function chosenName(context: Context, workspace: Workspace): Promise<string | undefined> {
  return context.env.FLOE_AUTHOR_NAME ?? (await setting(context, workspace, 'user.name'))
}

async function setting(context: Context, workspace: Workspace, key: string): Promise<string | undefined> {
  return (await getConfig(workspace, key)) ?? getGlobalConfig(context.homeDir, key)
}

function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown' // a container may run under a user id that has no account
  }
}
