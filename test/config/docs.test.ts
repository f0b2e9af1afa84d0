import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { draftOf } from '../../src/config/draft.ts'
import { allKeys } from '../../src/config/keys.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { birnamYaml } from './design.ts'
import { good } from './fixture.ts'

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const sections = page
  .split(/^### /m)
  .slice(1)
  .map((text) => {
    const [, key = '', body = ''] = /^`([^`]+)`\n([^]*)/.exec(text) ?? []
    return { key, body: body.split(/^## /m)[0]! }
  })

test('every key of the schema has its heading in docs/configuration.md, and every heading is a key', () => {
  expect(sections.map(({ key }) => key).toSorted()).toEqual(allKeys())
})

test.each(sections)(
  'docs/configuration.md: $key has a default or is needed, and its example is right',
  ({ key, body }) => {
    expect(body).toMatch(/^(?:Default: |Needed)/m)
    const [, example = ''] = /^Example: `(.+)`$/m.exec(body) ?? []
    const file = key.includes('[]') && !key.startsWith('dhcp') ? 'fleet.yaml' : 'birnam.yaml'
    const last = key.split('.').at(-1)!.replace('[]', '')
    expect(example).toContain(`${last}:`)
    expect(draftOf({ file, text: `${example}\n`, digest: '' }).problems.map(formatProblem)).toEqual([])
  },
)

test('the example at the top of docs/configuration.md is a valid site', () => {
  const blocks = [...page.matchAll(/^```yaml\n(# (\S+)\n[^]*?)^```/gm)].map(([, text = '', file = '']) => [file, text])
  const files = Object.fromEntries(blocks) as Record<string, string>
  expect(files['birnam.yaml']).toBe(birnamYaml)
  expect(good(files).machines.length).toBe(1)
})
