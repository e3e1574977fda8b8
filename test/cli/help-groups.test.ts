import { expect, it } from 'vitest'
import { HELP_GROUPS, headingOf, OTHER_HEADING } from '../../src/cli/help-groups.ts'
import { REGISTRY } from '../../src/cli/registry.ts'

it('every verb stands under exactly one heading of the help', () => {
  const homeless = Object.keys(REGISTRY).filter((verb) => headingOf(verb) === OTHER_HEADING)
  expect(homeless).toEqual([])
  const named = HELP_GROUPS.flatMap(({ verbs }) => verbs)
  expect(new Set(named).size).toBe(named.length)
  expect(named.filter((verb) => !Object.hasOwn(REGISTRY, verb))).toEqual([])
})
