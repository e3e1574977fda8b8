/** Names in the bindings: of files and variables, and what a file imports. */

/** What a file imports, by path from `src/ledger`, or from a file of the same package. */
export class ImportList {
  readonly #names = new Map<string, Set<string>>()

  /** @param from `layout.ts`, `move-call.ts`, or another module of the bindings, `folder/module` */
  add(from: string, name: string): string {
    const names = this.#names.get(from) ?? new Set()
    names.add(name)
    this.#names.set(from, names)
    return name
  }

  lines(): string[] {
    return [...this.#names.keys()].sort().map((from) => {
      const names = [...this.#names.get(from)!].sort((a, b) => (bare(a) < bare(b) ? -1 : 1))
      const path = from.endsWith('.ts') ? `../../${from}` : `../${from}.ts`
      return `import { ${names.join(', ')} } from '${path}'`
    })
  }
}

function bare(name: string): string {
  return name.replace(/^type /, '')
}

export function camel(name: string): string {
  return name.replace(/_+(\w)/g, (_, letter: string) => letter.toUpperCase())
}

export function kebab(name: string): string {
  return name.replaceAll('_', '-')
}
