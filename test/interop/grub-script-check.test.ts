import { expect } from 'vitest'
import { checkHouse } from '../../src/api/check.ts'
import { externalChecks } from '../../src/answer/external.ts'
import { openHouse } from '../house.ts'
import { labTest } from '../lab/needs.ts'

labTest("grub-script-check finds nothing in our menus, and the line in a site's own", ['grub-mkimage'], async () => {
  const { names, validate } = await externalChecks()
  expect(names).toContain('grub-script-check')
  const fine = 'set timeout=5\nmenuentry "x" {\n  linux /a\n}\n'
  using house = openHouse({ 'files/grub/grub.cfg': fine, 'files/grub2/grub.cfg': fine.replace('}', 'fi') })
  const found = await checkHouse(house.house, house.shelf, (family, text, version) =>
    family === 'grub' ? validate(family, text, version) : Promise.resolve([]),
  )
  const wrong = found.filter(({ message }) => message.startsWith('grub-script-check'))
  expect(wrong).toMatchObject([{ file: 'files/grub2/grub.cfg', line: 4, severity: 'error' }])
})
