/** The version of this program, from the package that holds it (the source tree or the built one). */

import { readFileSync } from 'node:fs'

export function floeVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return manifest.version
}
