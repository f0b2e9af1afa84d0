import { expect, test } from 'vitest'
import { hideSecrets, hideValue } from '../../src/api/secrets.ts'

test.each([
  ['rootpw --iscrypted $6$rounds=5000$salt$h/a.sh', 'rootpw --iscrypted (hidden)'],
  ['user:$y$j9T$abc$def:1', 'user:(hidden):1'],
  [
    'url=http://h/a/525400770001-t5x2k1-0123456789abcdef0123.aabbcc',
    'url=http://h/a/525400770001-t5x2k1-0123456789abcdef0123.(hidden)',
  ],
  [
    'birnam.script=http://h/i/525400770001-t5x2k1-0123456789abcdef0123.aabbcc',
    'birnam.script=http://h/i/525400770001-t5x2k1-0123456789abcdef0123.(hidden)',
  ],
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
