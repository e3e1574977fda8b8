/** The rules of the floe and walrus packages as plain data: what a transaction of the random sequences should do. */

export const WRITER = 1
export const REVOKER = 4
export const GRACE_MS = 1000

export interface ModelBlob {
  readonly seed: number
  readonly objectId: string
  owner: number
  certifiedEpoch: number | undefined
  readonly endEpoch: number
}

export interface ModelPack {
  readonly blob: ModelBlob
  readonly isMeta: boolean
  readonly pusher: number
  /** Of the push that deposited it. */
  readonly push: ModelPush
  state: 'live' | 'proposed' | 'removed'
  removableMs: number
}

export interface ModelPush {
  isOpen: boolean
  readonly owner: number
  readonly ref: string
  readonly expected: number | undefined
  readonly generation: number
  packs: number[]
  /** Object id while it is kept between transactions. */
  objectId: string
}

export interface PushPlan {
  readonly sender: number
  readonly ref: string
  readonly expected: number | undefined
  readonly generation: number
  readonly deposits: readonly { blob: ModelBlob; isMeta: boolean }[]
}

export interface FinishPlan {
  readonly sender: number
  readonly commit: number
  readonly commitPack: number
  readonly forced: boolean
}

/** Each method says whether the rules allow the step, and takes it if they do. */
export class FloeModel {
  readonly roles: number[]
  readonly packs: ModelPack[] = []
  readonly refs = new Map<string, { commit: number | undefined; pack: number }>()
  readonly open: ModelPush[] = []
  /** Seed of a blob → its latest pack. */
  #numbers = new Map<number, number>()
  generation = 0
  seenEpoch = 0
  epoch = 1
  nowMs = 1000
  fund = 0n
  forbidForce = false
  pushes = 0

  constructor(users: number) {
    this.roles = new Array<number>(users).fill(0).with(0, 7)
  }

  #has(user: number, role: number): boolean {
    return (this.roles[user]! & role) === role
  }

  commitOf(ref: string): number | undefined {
    return this.refs.get(ref)?.commit
  }

  /** Several steps as one transaction: what was deposited counts only if all are allowed. */
  transact(steps: () => boolean): boolean {
    const [numbers, packs, seenEpoch] = [new Map(this.#numbers), this.packs.length, this.seenEpoch]
    if (steps()) return true
    this.packs.length = packs
    this.seenEpoch = seenEpoch
    this.#numbers = numbers
    return false
  }

  begin(plan: PushPlan): ModelPush | undefined {
    const isAllowed =
      this.#has(plan.sender, WRITER) && this.commitOf(plan.ref) === plan.expected && plan.generation === this.generation
    if (!isAllowed) return undefined
    const push: ModelPush = {
      isOpen: true,
      owner: plan.sender,
      ref: plan.ref,
      expected: plan.expected,
      generation: plan.generation,
      packs: [],
      objectId: '',
    }
    for (const { blob, isMeta } of plan.deposits) if (!this.#deposit(push, plan.sender, blob, isMeta)) return undefined
    return push
  }

  #deposit(push: ModelPush, pusher: number, blob: ModelBlob, isMeta: boolean): boolean {
    if (blob.certifiedEpoch === undefined) return false
    this.seenEpoch = Math.max(this.seenEpoch, blob.certifiedEpoch)
    if (blob.endEpoch <= this.seenEpoch) return false
    const other = this.packs[this.#numbers.get(blob.seed) ?? -1]
    if (other && other.state !== 'removed' && (other.push === push || !other.push.isOpen)) return false
    this.#numbers.set(blob.seed, this.packs.length)
    push.packs.push(this.packs.length)
    this.packs.push({ blob, isMeta, pusher, push, state: 'live', removableMs: 0 })
    return true
  }

  finish(push: ModelPush, plan: FinishPlan): boolean {
    const pack = this.packs[plan.commitPack]
    const row = this.refs.get(push.ref)
    const isAllowed =
      this.#has(plan.sender, WRITER) &&
      push.generation === this.generation &&
      pack?.state === 'live' &&
      (pack.push === push || !pack.push.isOpen) &&
      pack.isMeta &&
      row?.commit === push.expected &&
      !(row && push.ref.startsWith('refs/tags/')) &&
      !(row && plan.forced && this.forbidForce)
    if (!isAllowed) return false
    push.isOpen = false
    this.refs.set(push.ref, { commit: plan.commit, pack: plan.commitPack })
    this.pushes++
    return true
  }

  /** Everything back, and the push ended. */
  giveUp(push: ModelPush, sender: number): boolean {
    // Taking back is for writers; an empty push may be ended by whoever has it.
    const isAllowed = push.packs.length === 0 || this.#has(sender, WRITER)
    if (!isAllowed || push.packs.some((pack) => this.packs[pack]!.state !== 'live')) return false
    for (const pack of push.packs) this.packs[pack]!.state = 'removed'
    push.isOpen = false
    return true
  }

  deleteRef(sender: number, ref: string, expected: number): boolean {
    const row = this.refs.get(ref)
    const isAllowed =
      this.#has(sender, WRITER) && row?.commit === expected && !ref.startsWith('refs/tags/') && !this.forbidForce
    if (!isAllowed) return false
    this.refs.set(ref, { commit: undefined, pack: 0 })
    this.pushes++
    return true
  }

  #mayRemove(sender: number, pack: ModelPack | undefined): pack is ModelPack {
    return pack !== undefined && (this.#has(sender, REVOKER) || (pack.pusher === sender && this.#has(sender, WRITER)))
  }

  propose(sender: number, number: number): boolean {
    const pack = this.packs[number]
    if (!this.#mayRemove(sender, pack) || pack.state !== 'live') return false
    pack.state = 'proposed'
    pack.removableMs = this.nowMs + GRACE_MS
    this.generation++
    return true
  }

  cancel(sender: number, number: number): boolean {
    const pack = this.packs[number]
    if (!this.#mayRemove(sender, pack) || pack.state !== 'proposed') return false
    pack.state = 'live'
    return true
  }

  take(sender: number, number: number): boolean {
    const pack = this.packs[number]
    if (!this.#mayRemove(sender, pack) || pack.state !== 'proposed' || this.nowMs < pack.removableMs) return false
    pack.state = 'removed'
    pack.blob.owner = sender
    return true
  }

  lend(number: number): boolean {
    return this.packs[number] !== undefined && this.packs[number].state !== 'removed'
  }
}
