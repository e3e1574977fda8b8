/** The borrow rules, kept while code runs.
 *
 *  Before code runs on the chain, a verifier proves that no two references to one place can be used in turns where one of
 *  them may change it. Here nothing is proved, so the machine remembers moments instead (as Miri does for Rust, "Stacked
 *  Borrows", 2019): every reference knows when it was borrowed, and every place until when references to it and into it
 *  have ended. Using a reference that has ended is a fault. Borrowing by itself ends nothing, so references that compiled
 *  code is done with and leaves lying about do no harm.
 *
 *  | what happens to a place                              | ends, if older                                              |
 *  |------------------------------------------------------|-------------------------------------------------------------|
 *  | changed through a mutable reference, or that one is handed to a function | references into it; other references to it, if older than the one used |
 *  | read, frozen, copied or borrowed immutably as a whole | mutable ones of the same                                    |
 *  | its value is moved away, or another stored in it      | all references to it, and into it                           |
 *
 *  "If older than the one used": of two mutable borrows of one local, compiled code may use the older one first, as if it
 *  had been borrowed through the younger. */

let moment = 0

/** A number higher than all before. */
export function nextMoment(): number {
  return ++moment
}

/** What the machine remembers of a place that is or was borrowed. A number stands for "all that were borrowed before". */
export class Place {
  #ended = 0
  #endedMutable = 0
  #endedInside = 0
  #endedMutableInside = 0

  /** @param born - of the reference that is used */
  change(born: number): void {
    if (born > this.#ended) this.#ended = born
    this.#endedInside = nextMoment()
  }

  /** @param born - of the reference that is used */
  read(born: number): void {
    if (born > this.#endedMutable) this.#endedMutable = born
    this.#endedMutableInside = nextMoment()
  }

  /** The value leaves, or another takes its place. */
  leave(): void {
    this.#ended = nextMoment()
  }

  hasEnded(born: number, mutable: boolean): boolean {
    return born < this.#ended || (mutable && born < this.#endedMutable)
  }

  hasEndedInside(born: number, mutable: boolean): boolean {
    return born < this.#endedInside || (mutable && born < this.#endedMutableInside)
  }
}

/** A value with places of its own. */
export class Holder {
  #places: Place[] | undefined

  /** What is remembered of one of its places. */
  place(index: number): Place {
    this.#places ??= []
    this.#places[index] ??= new Place()
    return this.#places[index]
  }
}
