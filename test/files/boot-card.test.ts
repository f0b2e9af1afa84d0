import { expect, test } from 'vitest'
import { bootCard } from '../../src/boot/boot-card.ts'
import { advise } from '../../src/files/advise.ts'
import { arm, mac, openHouse } from '../house.ts'

const own = 'BOOTIF=01-52-54-00-77-00-01'

const families = [
  'redhat 9',
  'debian 13',
  'ubuntu 24.04',
  'cloud 24.1',
  'ignition 43',
  'suse 15.6',
  'suse 16.0',
] as const

/** A site whose duncan is armed for a distro of that family, and what each loader is told of it. */
function kernelLines(distro: string | undefined, args: string, kind: 'install' | 'live' = 'install'): string[] {
  const [family = '', version = ''] = distro?.split(' ') ?? []
  const what = distro === undefined ? 'kernel: boot/vmlinuz, initrd: [boot/initrd.gz]' : 'distro: d'
  const distros = `distros: [{ name: d, family: ${family}, version: "${version}", kernel: boot/vmlinuz, initrd: [boot/initrd.gz] }]`
  using house = openHouse({
    'fleet.yaml': `
machines: [{ name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: web, vars: { disk: /dev/vda } }]
profiles: [{ name: web, kind: ${kind}, ${what}, args: "${args}", answer: answers/probe.hbs }]
${distro === undefined ? '' : distros}
`,
  })
  if (kind === 'install') arm(house)
  const { boot } = advise(house.house, { door: 'dhcp', asker: 'firmware', arch: 0, mac }, '10.77.0.1')
  const path = boot!.file.replace(/[^/]*$/, '')
  return ['pxelinux.cfg/01-52-54-00-77-00-01', 'boot.ipxe', 'grub.cfg'].map((name) => house.text(`${path}${name}`))
}

const words = (text: string): readonly string[] => text.match(/BOOTIF=[\w-]*/g) ?? []

test.each([...families, undefined])(
  'the installer of %s is told once, by every loader, which card the machine booted from',
  (distro) => {
    for (const line of kernelLines(distro, 'quiet')) expect(words(line), line).toEqual([own])
  },
)

test.each(families)('a live system of %s is told as well', (distro) => {
  for (const line of kernelLines(distro, 'quiet', 'live')) expect(words(line), line).toEqual([own])
})

test('what is no distro may be anything, and is told nothing while it wipes nothing', () => {
  for (const line of kernelLines(undefined, 'quiet', 'live')) expect(words(line), line).toEqual([])
})

test.each(['esxi 8', 'windows 2025'])('%s has no kernel line', (distro) => {
  expect(kernelLines(distro, '').flatMap(words)).toEqual([])
})

test('a site that writes BOOTIF itself has it as it wrote it', () => {
  for (const line of kernelLines('redhat 9', 'BOOTIF=01-aa-bb-cc-dd-ee-ff'))
    expect(words(line)).toEqual(['BOOTIF=01-aa-bb-cc-dd-ee-ff'])
  for (const line of kernelLines('redhat 9', 'BOOTIF={{machine.bootif}}')) expect(words(line)).toEqual([own])
})

test.each([
  'bootif=01-aa',
  'rd.bootif=0',
  'bond=bond0:eth0,eth1',
  'ip=eth1:dhcp',
  'ip=10.77.0.11::10.77.0.1:255.255.255.0:duncan:eth1:none',
  'ip=[fd77::11]::[fd77::1]:64:duncan:eth1:none',
  'vlan=eth0.7:eth0',
  'interface=eth1',
  'netcfg/choose_interface=eth1',
  'ksdevice=eth1',
  'netdevice=eth1',
  'ifcfg=eth1=dhcp',
])('%s names the card already', (word) => {
  expect(bootCard(mac, ['quiet', word])).toEqual([])
})

test.each([
  'ip=dhcp',
  'ip=::::duncan::dhcp',
  'interface=auto',
  'netcfg/choose_interface=auto',
  'ksdevice=bootif',
  'inst.ks.device=bootif',
  'ipv6.disable=1',
  'quiet',
])('%s names none', (word) => {
  expect(bootCard(mac, [word])).toEqual([own])
  expect(bootCard(undefined, [word])).toEqual([])
})
