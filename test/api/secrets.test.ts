import { expect, test } from 'vitest'
import { hideSecrets, hideValue } from '../../src/api/secrets.ts'

test.each([
  ['rootpw --iscrypted $6$rounds=5000$salt$h/a.sh', 'rootpw --iscrypted (hidden)'],
  ['user:$y$j9T$abc$def:1', 'user:(hidden):1'],
  [
    `url=http://h/a/525400770001-t5x2k1ab-0123456789abcdef0123.${'aabb'.repeat(8)}`,
    'url=http://h/a/525400770001-t5x2k1ab-0123456789abcdef0123.(hidden)',
  ],
  [
    `birnam.script=http://h/i/525400770001-t5x2k1ab-0123456789abcdef0123.${'aabb'.repeat(8)}`,
    'birnam.script=http://h/i/525400770001-t5x2k1ab-0123456789abcdef0123.(hidden)',
  ],
  ['proxy http://duncan:dunsinane@10.77.0.1:3128/', 'proxy http://duncan:(hidden)@10.77.0.1:3128/'],
  ['mirror http://10.77.0.1:8080/debian at 10:00, mail a@b', 'mirror http://10.77.0.1:8080/debian at 10:00, mail a@b'],
  ['inst.vnc inst.vncpassword=dunsinane quiet', 'inst.vnc inst.vncpassword=(hidden) quiet'],
  ['inst.vncpassword={{vars.vnc}}', 'inst.vncpassword={{vars.vnc}}'],
  ['rootpw --plaintext dunsinane', 'rootpw --plaintext (hidden)'],
  ['rootpw --lock', 'rootpw --lock'],
  ["user --name=a --password='birnam wood' --gecos=A", 'user --name=a --password=(hidden) --gecos=A'],
  ['d-i passwd/user-password password birnam wood', 'd-i passwd/user-password password (hidden)'],
  ['d-i user-setup/allow-password-weak boolean true', 'd-i user-setup/allow-password-weak boolean true'],
  ['PasswordAuthentication=no', 'PasswordAuthentication=no'],
  ['a\n-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\nBBBB\n-----END OPENSSH PRIVATE KEY-----\nz', 'a\n(hidden)\nz'],
  ['price: $5 and $6 only', 'price: $5 and $6 only'],
])('%s', (text, shown) => {
  expect(hideSecrets(text)).toBe(shown)
})

test('the value of a variable with a telling name is hidden wherever it stands', () => {
  const vars = { wifi_psk: 'birnam wood', users: [{ name: 'duncan', password: 'dunsinane' }] }
  expect(hideSecrets('psk birnam wood, duncan dunsinane', vars)).toBe('psk (hidden), duncan (hidden)')
  expect(hideValue('users', vars.users)).toEqual([{ name: 'duncan', password: '(hidden)' }])
  expect(hideValue('wifi_psk', vars.wifi_psk)).toBe('(hidden)')
  expect(hideValue('role', 'king')).toBe('king')
})

test.each(
  wordsOf(`password passwd passphrase passcode pass PASSWORD rootpw root_pw pw pwd userPw root_password_hash
    hash passwords adminpass userpass adminPassword bmc-password secret secrets client_secret
    clientSecret token tokens join_token kubeToken credential credentials creds bmcCred luks luks_key
    luksPassphrase LUKS2_KEY product_key registration_code private private_key privateKey privkey tls_private api_key apikey apiKey
    access_key disk_key encryption_key wpa_psk psk pin auth_key`),
)('the value of %s is nobody’s business', (name) => {
  expect(hideValue(name, 'dunsinane')).toBe('(hidden)')
  expect(hideSecrets('it is dunsinane', { [name]: 'dunsinane' })).toBe('it is (hidden)')
})

test.each(
  wordsOf(`keyboard monkey key keys root_ssh_keys ssh_key public_key apt_key keymap hockey compass bypass
    passive passthrough hashtag pwm spawn pinned spin mapping private_network luks_device credits
    incredible secretary tokenizer name author authorized_keys flavour`),
)('the value of %s is shown', (name) => {
  expect(hideValue(name, 'dunsinane')).toBe('dunsinane')
  expect(hideSecrets('it is dunsinane', { [name]: 'dunsinane' })).toBe('it is dunsinane')
})

test('a switch is no secret, whatever it is called', () => {
  expect(hideValue('ssh_passwords', false)).toBe(false)
})

test('what stands in a map of secrets is secret, but for whose it is', () => {
  const vars = { credentials: { user: 'duncan', value: 'dunsinane' } }
  expect(hideValue('credentials', vars.credentials)).toBe('(hidden)')
  expect(hideSecrets('duncan dunsinane', vars)).toBe('duncan (hidden)')
})

test.each([
  [String.raw`'it'\''s dunsinane'`, 'as a word of a shell'],
  [String.raw`"it's dunsinane"`, 'as JSON'],
  ["it's%20dunsinane", 'in a URL'],
  [Buffer.from("it's dunsinane").toString('base64'), 'as base64'],
])('a secret is known in its quotes: %s (%s)', (text) => {
  expect(hideSecrets(`x ${text} y`, { root_pw: "it's dunsinane" })).not.toMatch(/dunsinane|ZHVuc2luYW5l/)
  expect(hideSecrets(`x ${text} y`, { root_pw: "it's dunsinane" })).toContain('(hidden)')
})

test('the longer of two secrets is hidden whole, though the other begins it', () => {
  expect(hideSecrets('dunsinane-hill', { a_pw: 'dunsinane', b_pw: 'dunsinane-hill' })).toBe('(hidden)')
})

function wordsOf(text: string): string[] {
  return text.split(/\s+/)
}
