/** Versions as a drawing: one column per line of history, as `git log --graph` draws it. */

export interface GraphNode {
  commit: string
  parents: readonly string[]
}

/** Children before parents, otherwise in the order given; parents that are not in the list do not count. */
export function topologicalOrder<T extends GraphNode>(nodes: readonly T[]): T[] {
  const byId = new Map(nodes.map((node) => [node.commit, node]))
  const waiting = new Map<string, number>()
  for (const { parents } of nodes)
    for (const parent of parents) if (byId.has(parent)) waiting.set(parent, (waiting.get(parent) ?? 0) + 1)
  const ready = nodes.filter(({ commit }) => !waiting.get(commit)).reverse()
  const ordered: T[] = []
  for (let node = ready.pop(); node; node = ready.pop()) {
    ordered.push(node)
    // Reversed, so that the first parent comes next and a line of history stays together.
    for (const parent of [...node.parents].reverse()) {
      const left = (waiting.get(parent) ?? 0) - 1
      waiting.set(parent, left)
      if (left === 0) ready.push(byId.get(parent)!)
    }
  }
  return ordered
}

/** What stands left of each line of a commit's text.
 *  @param nodes - in topological order
 *  @param text - lines of one commit */
export function drawGraph<T extends GraphNode>(nodes: readonly T[], text: (node: T) => readonly string[]): string[] {
  /** The commit that each column waits for. */
  let lanes: string[] = []
  const lines: string[] = []
  for (const node of nodes) {
    let at = lanes.indexOf(node.commit)
    if (at < 0) at = lanes.push(node.commit) - 1
    // Lines that meet in this commit end left of it.
    const met = lanes.flatMap((lane, index) => (lane === node.commit && index !== at ? [index] : []))
    if (met.length > 0) {
      lines.push(lanes.map((_, index) => (met.includes(index) ? '/' : '|')).join(' '))
      lanes = lanes.filter((_, index) => !met.includes(index))
    }
    const [title = '', ...rest] = text(node)
    lines.push(`${lanes.map((_, index) => (index === at ? '*' : '|')).join(' ')} ${title}`.trimEnd())
    const parents = node.parents
    const before = lanes.length
    lanes = [...lanes.slice(0, at), ...parents.slice(0, 1), ...lanes.slice(at + 1)]
    const fresh = parents.slice(1).filter((parent) => !lanes.includes(parent))
    for (const parent of fresh) lanes.splice(at + 1, 0, parent)
    const bars = lanes.map(() => '|').join(' ')
    for (const line of rest) lines.push(`${bars} ${line}`.trimEnd())
    if (lanes.length > before && rest.length === 0)
      lines.push(lanes.map((_, index) => (index > at && index <= at + fresh.length ? '\\' : '|')).join(' '))
  }
  return lines
}
