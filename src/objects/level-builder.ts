/** Builds a tree of nodes bottom-up from a sequence, in memory for one open node per level.
 *
 *  Shared by prolly trees and content maps; where a node ends is their rule. Whatever the rule, it looks only at the
 *  items of the open node, so the result is a function of the sequence and never of how it came about. A subtree that
 *  starts where a node starts can therefore be taken over whole from another tree (`append` at a level above 0).
 *
 *  A closed node is handed up only once more content follows: whether it is the root is known only then. */

export interface OpenNode<Item> {
  items: Item[]
  /** Sum of what `cost` gave for the items. */
  cost: number
}

export interface LevelRules<Item> {
  /** Highest level a node may have; the leaves are level 0. */
  maxLevel: number
  cost(item: Item): number
  /** True if the node ends after the newest of its items. */
  closes(open: OpenNode<Item>, level: number): boolean
  /** Stores a node and gives the item that stands for it one level up. */
  writeNode(level: number, items: Item[]): Promise<Item>
  /** @throws the error of a sequence that needs more levels */
  tooHigh(): never
}

/** What is left at the top: a stored node (its item), or the items of the root that is still to be stored. */
export type LevelRoot<Item> =
  | { $kind: 'link'; level: number; item: Item }
  | { $kind: 'items'; level: number; items: Item[] }

export class LevelBuilder<Item> {
  readonly #rules: LevelRules<Item>
  readonly #open: OpenNode<Item>[] = [{ items: [], cost: 0 }]
  #pending: { level: number; item: Item } | undefined

  constructor(rules: LevelRules<Item>) {
    this.#rules = rules
  }

  /** Adds the next item at a level (0: an entry; above: the item of a finished subtree, allowed only where every level
   *  below is fresh). Returns a promise only if a node was closed: await it when it is there. */
  append(item: Item, level = 0): Promise<void> | undefined {
    if (level > 0 || this.#pending) return this.#appendAfterPending(item, level)
    const open = this.#open[0]!
    open.items.push(item)
    open.cost += this.#rules.cost(item)
    if (this.#rules.closes(open, 0)) return this.#closeLeaf()
    return undefined
  }

  /** True if a subtree whose root has this level can be appended here. Changes nothing: whether content follows may not
   *  be known yet. */
  isFresh(level: number): boolean {
    const pending = this.#pending
    if (!pending || pending.level > level)
      return this.#open.slice(0, level + 1).every(({ items }) => items.length === 0)
    // Below the pending item every level is empty; it must close all from its own up.
    for (let at = pending.level; at <= level; at++) {
      // One level up the item would be the closed node's. It has the same key, which is all that `closes` looks at.
      const { items, cost } = this.#open[at] ?? { items: [], cost: 0 }
      const next = { items: [...items, pending.item], cost: cost + this.#rules.cost(pending.item) }
      if (!this.#rules.closes(next, at)) return false
    }
    return true
  }

  async finish(): Promise<LevelRoot<Item>> {
    let carry = this.#pending
    this.#pending = undefined
    for (let level = 0; ; level++) {
      const open = this.#openAt(level)
      if (carry?.level === level) {
        open.items.push(carry.item)
        carry = undefined
      }
      const aboveIsEmpty = !carry && this.#open.slice(level + 1).every(({ items }) => items.length === 0)
      if (aboveIsEmpty) {
        if (level > 0 && open.items.length === 1) return { $kind: 'link', level: level - 1, item: open.items[0]! }
        return { $kind: 'items', level, items: open.items }
      }
      if (open.items.length > 0) carry = { level: level + 1, item: await this.#take(level) }
    }
  }

  async #appendAfterPending(item: Item, level: number): Promise<void> {
    const pending = this.#pending
    this.#pending = undefined
    if (pending) await this.#push(pending.level, pending.item)
    if (level === 0) return this.append(item)
    this.#pending = { level, item }
  }

  async #closeLeaf(): Promise<void> {
    this.#pending = { level: 1, item: await this.#take(0) }
  }

  async #push(level: number, item: Item): Promise<void> {
    const open = this.#openAt(level)
    open.items.push(item)
    open.cost += this.#rules.cost(item)
    if (this.#rules.closes(open, level)) await this.#push(level + 1, await this.#take(level))
  }

  /** Stores the open node of a level and leaves a fresh one. */
  #take(level: number): Promise<Item> {
    const { items } = this.#open[level]!
    this.#open[level] = { items: [], cost: 0 }
    return this.#rules.writeNode(level, items)
  }

  #openAt(level: number): OpenNode<Item> {
    if (level > this.#rules.maxLevel) this.#rules.tooHigh()
    return (this.#open[level] ??= { items: [], cost: 0 })
  }
}
