/** Which values of a transaction hang together with an obligation that is still open.
 *
 *  A function that is `entry` but not public may count on its arguments being free: on the chain it cannot be called with
 *  a value that came out of the same commands as a hot potato (a value that can neither be dropped nor stored) before that
 *  one is gone, nor with one from a command that consumed a shared object. Values that went through one command are one
 *  group from then on; a group is hot while it has potatoes outside. */

import { argumentFailure } from './ptb-failure.ts'
import type { Slot } from './ptb-values.ts'

interface Group {
  /** Set once the group has become part of another. */
  joined: Group | undefined
  potatoes: number
  /** A shared object went into it: hot until the end. */
  stays: boolean
}

function rootOf(group: Group): Group {
  let root = group
  while (root.joined) root = root.joined
  return root
}

export class Heat {
  readonly #groups = new Map<Slot, Group>()
  /** Results that are hot potatoes and not yet taken. */
  readonly #potatoes = new Set<Slot>()

  #groupOf(slot: Slot): Group {
    let group = this.#groups.get(slot)
    if (!group) {
      group = { joined: undefined, potatoes: 0, stays: false }
      this.#groups.set(slot, group)
    }
    return rootOf(group)
  }

  /** The arguments of a command become one group. To be called when the command has taken what it takes by value.
   *  @param demandsCold - the command calls an entry function that is not public
   *  @throws {ExecutionFailure} CommandArgumentError at the first hot argument of such a call */
  join(slots: readonly Slot[], demandsCold: boolean): Group {
    for (const slot of slots) {
      if (slot.cell[0] === undefined && this.#potatoes.delete(slot)) this.#groupOf(slot).potatoes--
    }
    const merged: Group = { joined: undefined, potatoes: 0, stays: false }
    for (const [i, slot] of slots.entries()) {
      const group = this.#groupOf(slot)
      const isHot = group.stays || group.potatoes > 0
      if (demandsCold && isHot) throw argumentFailure(i, 'InvalidArgumentToPrivateEntryFunction')
    }
    for (const slot of slots) {
      if (slot.input?.access === 'shared' && slot.cell[0] === undefined) merged.stays = true
      const group = this.#groupOf(slot)
      if (group === merged) continue
      merged.potatoes += group.potatoes
      merged.stays ||= group.stays
      group.joined = merged
    }
    return merged
  }

  /** @param isPotato - whether a result can neither be dropped nor stored */
  addResults(slots: readonly Slot[], group: Group, isPotato: (slot: Slot) => boolean): void {
    for (const slot of slots) {
      this.#groups.set(slot, group)
      if (!isPotato(slot)) continue
      this.#potatoes.add(slot)
      rootOf(group).potatoes++
    }
  }
}
