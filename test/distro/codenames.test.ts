import { expect, test } from 'vitest'
import { codenameOf, versionNamed } from '../../src/distro/codenames.ts'

test('names and versions lead to each other, and a name that every object has is none', () => {
  expect([versionNamed('trixie'), codenameOf('13'), versionNamed('noble')]).toEqual(['13', 'trixie', '24.04'])
  expect([versionNamed('constructor'), versionNamed(''), codenameOf('99')]).toEqual([undefined, undefined, undefined])
})
