import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { explain } from '../../src/api/explain.ts'
import { hideSecrets } from '../../src/api/secrets.ts'
import { files, openHouse } from '../house.ts'

const secret = 'fair-is-foul-and-foul-is-fair'
const hash = '$6$rounds=5000$saltsalt$uMF4Qz0vV7Ocg1m0Yc1lYk'
const template = `d-i passwd/root-password-crypted password {{word vars.root_password_hash}}
d-i preseed/late_command string echo {{#base64}}
#!/bin/sh
join --token {{shell vars.join_token}} --url {{url vars.join_token}} --report {{report.url}}
{{#if vars.luks.key}}echo {{base64 vars.luks.key}} | base64 -d | cryptsetup luksFormat /dev/sda2 -{{/if}}
{{/base64}} | base64 -d | sh
plain {{vars.join_token}} json {{json vars}} xml {{xml vars.join_token}} of {{json machine.vars}} {{json site.vars}} {{json profile.vars}}
`
const site = {
  ...files,
  'birnam.yaml': `vars: { site_pw: "${secret}-site" }\n`,
  'fleet.yaml': `
machines:
  - name: duncan
    mac: "52:54:00:77:00:01"
    ip: 10.77.0.11
    profile: web
    vars: { root_password_hash: "${hash}", join_token: "${secret}", luks: { key: "${secret}-luks" }, role: king }
profiles:
  - { name: web, kind: live, kernel: boot/vmlinuz, args: "token={{vars.join_token}}", answer: answers/web.hbs, vars: { api_key: "${secret}-profile" } }
`,
  'answers/web.hbs': template,
}

/** All that can be read out of a text, however often it was encoded. */
function everythingIn(text: string, depth = 3): string {
  if (depth === 0) return text
  const inner = text.match(/[A-Za-z0-9+/]{12,}={0,2}/g) ?? []
  const decoded = inner.map((word) => Buffer.from(word, 'base64').toString('latin1'))
  return [
    text,
    decodeURIComponent(text.replaceAll(/%(?![\da-f]{2})/gi, '%25')),
    ...decoded.map((one) => everythingIn(one, depth - 1)),
  ].join('\n')
}

test('explain shows no secret in any form that a template gives it, and the rest of the answer as it is', async () => {
  using house = openHouse(site)
  const machine = house.house.registry.named('duncan')!
  const forecast = await explain(house.house, house.shelf, () => [], machine, 'bios')
  const all = everythingIn(JSON.stringify(forecast))
  expect(all).not.toMatch(/fair-is-foul|fair is foul|saltsalt|uMF4Qz/)
  expect(forecast.problems).toEqual([])
  expect(forecast.answer).toContain('d-i passwd/root-password-crypted password (hidden)\n')
  expect(forecast.answer).toContain('plain (hidden) json')
  expect(forecast.answer).toContain('"role":"king"')
  expect(forecast.kernel).toContain('token=(hidden)')
  expect(all).toMatch(/join --token 'birnamhidden/)
})

test('no token that explain shows opens anything, though it stands in base64', async () => {
  using house = openHouse(site)
  const machine = house.house.registry.named('duncan')!
  const { answer } = await explain(house.house, house.shelf, () => [], machine, 'bios')
  const tokens = everythingIn(answer!).match(/[0-9a-f]{12}-[0-9a-z]+-[0-9a-f]{20}\.[0-9a-f]{32}/g)!
  expect(tokens.length).toBeGreaterThan(0)
  for (const token of tokens) expect(house.house.sessions.byToken(token, house.house.now())).toBeUndefined()
})

test('what fails with the real value is told, without the value', async () => {
  using house = openHouse({
    ...site,
    'answers/web.hbs': '{{cmd vars.join_token}} {{word vars.luks.key}}',
    'fleet.yaml': site['fleet.yaml'].replace(`join_token: "${secret}"`, `join_token: "${secret}%"`),
  })
  const machine = house.house.registry.named('duncan')!
  const forecast = await explain(house.house, house.shelf, () => [], machine, 'bios')
  expect(forecast.problems.join()).toMatch(/vars\.join_token \(machine duncan, fleet\.yaml:\d+\) holds %/)
  expect(JSON.stringify(forecast)).not.toContain(secret)
})

test.each([
  ['as it is', secret],
  ['in the middle of base64', Buffer.from(`xy ${secret} z`).toString('base64')],
  ['in the middle of base64, one byte on', Buffer.from(`x ${secret} z`).toString('base64')],
  ['in the middle of base64, two bytes on', Buffer.from(`${secret} z`).toString('base64url')],
  ['in base64 of base64', Buffer.from(`a ${Buffer.from(secret).toString('base64')}`).toString('base64')],
  ['in hex', Buffer.from(secret).toString('hex')],
  ['cut off', secret.slice(3, -3)],
  ['wrapped', `${secret.slice(0, 14)}\n${secret.slice(14)}`],
])('a log that quotes a secret %s keeps nothing of it', (_how, text) => {
  const shown = hideSecrets(`before ${text} after`, { join_token: secret })
  expect(everythingIn(shown)).not.toMatch(/foul-|-foul|is-fa/)
  expect(shown).toMatch(/^before .*after$/s)
})

test('a private key without an end, and many beginnings of one, are hidden whole', () => {
  expect(hideSecrets('a\n-----BEGIN RSA PRIVATE KEY-----\nAAAA')).toBe('a\n(hidden)')
  expect(hideSecrets('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toContain('AAAA')
})

test('a log made against the search costs what any log of its length costs', () => {
  const vars = { a_pw: 'a'.repeat(5000), b_pw: `${'ab'.repeat(30)}c`, c_pw: gzipSync(secret).toString('base64') }
  const pieces = [
    'a.',
    'a',
    'ab',
    '-----BEGIN RSA PRIVATE KEY-----',
    '-----BEGIN ',
    'password="',
    'rootpw --a ',
    'a://b:',
    'x password ',
    '$6$',
    ' ',
  ]
  for (const piece of pieces) {
    const [short, long] = [30_000, 300_000].map((length) => {
      const text = piece.repeat(length / piece.length)
      const before = process.cpuUsage().user
      hideSecrets(text, vars)
      return process.cpuUsage().user - before
    })
    expect(long! / (short! + 10_000), piece).toBeLessThan(60)
  }
})
