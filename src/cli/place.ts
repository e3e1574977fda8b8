/** Verbs that work on a remote of the workspace or, without a workspace, on an address. */

import type { Context } from './context.ts'
import { networkOfAddress, networkOfRemote } from './network.ts'
import { inWorkspace } from './workspace.ts'

/** Network of `NETWORK:OBJECT_ID`, or of a remote of the current workspace. */
export function networkOfPlace(context: Context, target: string | undefined): Promise<string | undefined> {
  if (target?.includes(':')) return Promise.resolve(networkOfAddress(target))
  return inWorkspace(context, (workspace) => networkOfRemote(workspace, target))
}
