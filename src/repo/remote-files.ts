/** What is remembered of a remote, a file per remote and kind: `.floe/remotes`, `.floe/expiry` and `.floe/marks`. */

import type { Workspace } from '../store/workspace.ts'

export const REMOTE_FOLDERS = ['remotes', 'expiry', 'marks'] as const

export function remoteFile(workspace: Workspace, folder: (typeof REMOTE_FOLDERS)[number], remote: string): string {
  return `${workspace.floeDir}/${folder}/${remote}.json`
}
