/** `npm run bench [-- name…]`: runs the benches beside this file, all or those named, and writes each one's section of
 *  results.md anew. A bench is a file `<name>.bench.ts` that exports `bench`; what it returns is Markdown. */

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

/** What a bench file exports as `bench`. */
export interface Bench {
  /** Heading of its section. */
  readonly title: string
  /** Measures and returns the section's text, in Markdown without the heading. */
  run(log: (line: string) => void): Promise<string>
}

const here = new URL('.', import.meta.url)
const resultsUrl = new URL('results.md', here)
const SUFFIX = '.bench.ts'

function machine(): string {
  const [first] = cpus()
  const commit = execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], { cwd: here, encoding: 'utf8' }).trim()
  const gibibytes = Math.round(totalmem() / 2 ** 30)
  return [
    `${cpus().length} × ${first?.model.trim() ?? 'unknown processor'}, ${gibibytes} GiB, ${process.platform} ${release()}`,
    `Node ${process.versions.node}, V8 ${process.versions.v8}`,
    `commit ${commit}, ${new Date().toISOString().slice(0, 10)}`,
  ].join('; ')
}

/** Replaces the section between the bench's marks, or appends it. */
function writeSection(name: string, title: string, text: string): void {
  const [from, to] = [`<!-- bench ${name} -->`, `<!-- end ${name} -->`]
  const section = `${from}\n## ${title}\n\n${machine()}\n\n${text.trim()}\n${to}\n`
  let results = '# Bench results\n\nWritten by `npm run bench`; by hand, not in CI.\n'
  try {
    results = readFileSync(resultsUrl, 'utf8')
  } catch {
    // The first run makes the file.
  }
  const at = results.indexOf(from)
  const end = results.indexOf(to)
  const next =
    at >= 0 && end > at
      ? results.slice(0, at) + section + results.slice(end + to.length + 1)
      : `${results.trimEnd()}\n\n${section}`
  writeFileSync(resultsUrl, next)
}

const available = readdirSync(here)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort()
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !available.includes(name))
if (unknown.length > 0) {
  console.error(`no such bench: ${unknown.join(', ')}; there are ${available.join(', ')}`)
  process.exitCode = 2
} else
  for (const name of wanted.length > 0 ? wanted : available) {
    const { bench } = (await import(new URL(`${name}${SUFFIX}`, here).href)) as { bench: Bench }
    console.log(`# ${name}: ${bench.title}`)
    writeSection(name, bench.title, await bench.run((line) => console.log(line)))
  }
