/** A repository that an interrupted `push --create` has made without knowing: the answer was lost, or the process killed.
 *  Its journal names the transactions, and the chain says what became of them; so it is never made twice. */

import type { Workspace } from '../store/workspace.ts'
import { findUnfinishedPushes } from '../transfer/push-journal.ts'
import type { RemoteContext } from './remote-context.ts'

/** Attempts that are looked at, newest first. */
const MAX_ATTEMPTS = 32

/** @returns object id of the repository, or `null` */
export async function findCreated(
  workspace: Workspace,
  context: RemoteContext,
  wanted: { name: string; ref: string },
): Promise<string | null> {
  const journals = (await findUnfinishedPushes(`${workspace.floeDir}/pushes`)).toReversed()
  for (const { path, steps } of journals.slice(0, MAX_ATTEMPTS)) {
    const [started] = steps
    if (started?.$kind !== 'started' || started.repository !== null) continue
    // A push that is under way names its repository itself.
    if (workspace.isFileLocked(`${path}.lock`)) continue
    if (started.network !== context.profile.name || started.ref !== wanted.ref) continue
    for (const step of steps.toReversed()) {
      if (step.$kind !== 'creating' || step.name !== wanted.name) continue
      const executed = await context.ledger.fetchExecuted(step.digest)
      const made = executed?.changed.find(({ change, type }) => change === 'created' && IS_REPOSITORY.test(type ?? ''))
      if (made) return made.id
    }
  }
  return null
}

/** Of which package it is, whoever opens it checks. */
const IS_REPOSITORY = /^0x[0-9a-f]+::repository::Repository$/
