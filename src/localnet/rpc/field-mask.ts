/** Read masks: which fields of a message a client wants. Paths are proto names joined by dots; a path stands for the
 *  whole field below it; `*` stands for everything. */

import { invalidArgument } from '../ledger/errors.ts'
import type { FieldInfo, MessageInfo } from './messages.ts'

/** Bounds what a client may make the server remember. */
const MAX_PATHS = 256
const MAX_PATH_CHARS = 256

export class FieldMask {
  /** Undefined: everything below. */
  readonly #children: Map<string, FieldMask> | undefined

  constructor(children: Map<string, FieldMask> | undefined) {
    this.#children = children
  }

  /** @param defaults - paths to use if the client sent none
   *  @throws {LedgerError} LEDGER_INVALID_ARGUMENT for a path that the message does not have */
  static parse(type: unknown, mask: { paths: string[] } | undefined, defaults: readonly string[]): FieldMask {
    const paths = mask && mask.paths.length > 0 ? mask.paths : defaults
    if (paths.length > MAX_PATHS) throw invalidArgument(`more than ${MAX_PATHS} paths in read_mask`)
    if (paths.includes('*')) return ALL
    const root = new FieldMask(new Map())
    for (const path of paths) root.#add(type as MessageInfo, path)
    return root
  }

  #add(type: MessageInfo, path: string): void {
    if (path.length > MAX_PATH_CHARS) throw invalidArgument('invalid read_mask path')
    let node: FieldMask = this
    let message: MessageInfo | undefined = type
    const names = path.split('.')
    for (const [depth, name] of names.entries()) {
      const field: FieldInfo | undefined = message?.fields.find((candidate) => candidate.name === name)
      if (!field) throw invalidArgument(`invalid read_mask path: ${path}`)
      if (!node.#children) return
      const known = node.#children.get(name)
      const last = depth === names.length - 1
      const next: FieldMask = last ? ALL : (known ?? new FieldMask(new Map()))
      node.#children.set(name, next)
      node = next
      // Maps and `google.protobuf.Value` have no fields to choose from: a path into them asks for all.
      message = field.kind === 'message' ? field.T?.() : undefined
    }
  }

  /** True if the field, or something in it, is wanted. */
  has(name: string): boolean {
    return this.#children === undefined || this.#children.has(name)
  }

  /** The mask of a field's own fields. Only for fields that `has` accepts. */
  child(name: string): FieldMask {
    return this.#children === undefined ? ALL : (this.#children.get(name) ?? EMPTY)
  }

  /** A copy of the message with only the wanted fields; nothing of the original is changed. */
  apply<T>(type: unknown, message: T): T {
    return this.#applyTo(type as MessageInfo, message as Record<string, unknown>) as T
  }

  #applyTo(type: MessageInfo, message: Record<string, unknown>): Record<string, unknown> {
    if (this.#children === undefined) return message
    const masked = type.create() as Record<string, unknown>
    for (const field of type.fields) {
      const mask = this.#children.get(field.name)
      if (!mask) continue
      if (field.oneof) copyOneof(field, mask, message, masked)
      else if (message[field.localName] !== undefined) {
        masked[field.localName] = mask.#value(field, message[field.localName])
      }
    }
    return masked
  }

  #value(field: FieldInfo, value: unknown): unknown {
    if (field.kind !== 'message' || !field.T || this.#children === undefined) return value
    const type = field.T()
    if (Array.isArray(value)) return value.map((item) => this.#applyTo(type, item as Record<string, unknown>))
    return this.#applyTo(type, value as Record<string, unknown>)
  }

  /** The mask's value of one field, for `copyOneof`. */
  valueOf(field: FieldInfo, value: unknown): unknown {
    return this.#value(field, value)
  }
}

/** Every field of a message. A constant beside the class: a static field of its own class is miscompiled by tsc 7.0.2. */
const ALL = new FieldMask(undefined)
const EMPTY = FieldMask.parse({ fields: [] }, undefined, [])

function copyOneof(
  field: FieldInfo,
  mask: FieldMask,
  from: Record<string, unknown>,
  to: Record<string, unknown>,
): void {
  const union = from[field.oneof!] as { oneofKind?: string; [name: string]: unknown } | undefined
  if (union?.oneofKind !== field.localName) return
  to[field.oneof!] = { oneofKind: field.localName, [field.localName]: mask.valueOf(field, union[field.localName]) }
}
