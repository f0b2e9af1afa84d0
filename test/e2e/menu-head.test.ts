import { labTest } from '../lab/needs.ts'
import { openStage, pxelinux } from './stage.ts'

const words = 'hail {{machine.name}} of Cawdor'
const files = {
  // SERIAL has to be the first directive of all, else it takes no effect.
  'pxelinux/_head.cfg.hbs': `SERIAL 0 115200\nSAY ${words}\n`,
  'templates/menu/_head.ipxe.hbs': `echo ${words}\n`,
  'templates/menu/_head.grub.hbs': `echo '${words}'\n`,
}

labTest(
  'BIOS, PXELINUX: what the site writes above its menus stands on the serial console',
  ['lan', 'machine', 'pxelinux'],
  async () => {
    await using stage = await openStage({ ...pxelinux, files })
    const machine = await stage.boot()
    await machine.sees(/hail duncan of Cawdor/)
    await machine.ends()
  },
)

labTest('BIOS, iPXE ROM: the same in its script', ['lan', 'machine'], async () => {
  await using stage = await openStage({ files })
  const machine = await stage.boot()
  await machine.sees(/hail duncan of Cawdor/)
  await machine.ends()
})

labTest('UEFI, GRUB: the same in its menu', ['lan', 'machine', 'grub'], async () => {
  await using stage = await openStage({ files })
  const machine = await stage.boot({ firmware: 'uefi' })
  await machine.sees(/hail duncan of Cawdor/)
  await machine.ends()
})
