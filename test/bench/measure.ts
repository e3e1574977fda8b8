/** Interleaved measuring: rivals take turns, so that a busy moment hits all of them; medians are reported. */

export interface Contender {
  readonly name: string
  /** Before each run, not measured. */
  prepare?(): Promise<unknown> | unknown
  run(): Promise<unknown> | unknown
}

export interface Measured {
  /** Medians, in milliseconds: by the clock, and of all this process's threads together. */
  readonly wallMs: number
  readonly cpuMs: number
  /** By the clock, each round. */
  readonly rounds: readonly number[]
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Each contender once per round, in turn. @param warmUps - rounds before those that count */
export async function interleave(
  contenders: readonly Contender[],
  rounds: number,
  warmUps: number,
  log: (line: string) => void,
): Promise<Map<string, Measured>> {
  const wall = new Map(contenders.map(({ name }) => [name, [] as number[]]))
  const cpu = new Map(contenders.map(({ name }) => [name, [] as number[]]))
  for (let round = -warmUps; round < rounds; round++)
    for (const { name, prepare, run } of contenders) {
      await prepare?.()
      const cpuBefore = process.cpuUsage()
      const start = performance.now()
      await run()
      const ms = performance.now() - start
      const used = process.cpuUsage(cpuBefore)
      if (round < 0) continue
      wall.get(name)!.push(ms)
      cpu.get(name)!.push((used.user + used.system) / 1000)
      log(`  round ${round + 1}, ${name}: ${ms.toFixed(0)} ms`)
    }
  return new Map(
    contenders.map(({ name }) => [
      name,
      { wallMs: median(wall.get(name)!), cpuMs: median(cpu.get(name)!), rounds: wall.get(name)! },
    ]),
  )
}

/** Best of some runs, in seconds: for rates of the machine, where anything slower is somebody else's doing. */
export function bestSeconds(run: () => void, times: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    run()
    best = Math.min(best, (performance.now() - start) / 1000)
  }
  return best
}

/** A Markdown table; the first column is text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
