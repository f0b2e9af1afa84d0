import { execFileSync } from 'node:child_process'
import { realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Paths } from '../../src/config/paths.ts'
import { siteOf } from './fixture.ts'

function lookUp() {
  const site = realpathSync(siteOf({ 'boot/vmlinuz': 'k', 'kickstart/debian/server.cfg.hbs': 'own', '..odd/a': 'a' }))
  const shipped = realpathSync(
    siteOf({
      'kickstart/debian/server.cfg.hbs': 'shipped',
      'pxelinux/default': 'menu',
      'package.json': '{}',
      'src/a.ts': '',
    }),
  )
  return { site, shipped, paths: new Paths(site, shipped) }
}

test('a file is looked up in the site, then in what is shipped', () => {
  const { site, shipped, paths } = lookUp()
  expect(paths.find('boot/vmlinuz')).toEqual({ path: join(site, 'boot/vmlinuz'), from: 'site' })
  expect(paths.find('pxelinux/default')).toEqual({ path: join(shipped, 'pxelinux/default'), from: 'shipped' })
})

test('a site overrides a shipped file by having one of the same name', () => {
  const { site, paths } = lookUp()
  const name = 'kickstart/debian/server.cfg.hbs'
  expect(paths.find(name)).toEqual({ path: join(site, name), from: 'site' })
})

test('of the checkout only kickstart, templates and pxelinux are shipped', () => {
  const { paths } = lookUp()
  expect([paths.find('package.json'), paths.find('src/a.ts')]).toEqual([undefined, undefined])
})

test.each([
  '',
  '.',
  '..',
  '/',
  '/etc/passwd',
  '../secret',
  'boot/../../secret',
  'boot/./vmlinuz',
  'boot//vmlinuz',
  'boot/',
  'boot',
  'boot\\vmlinuz',
  'boot/vmlinuz\0.txt',
  'boot/vmlinuz\n',
  'boot/vmlinuz/x',
  'x'.repeat(10_000),
  `${'a/'.repeat(400)}a`,
  'y'.repeat(300),
])('%j finds nothing', (name) => {
  expect(lookUp().paths.find(name)).toBe(undefined)
})

test('a link inside the site is followed, one that leads out finds nothing', () => {
  const { site, shipped, paths } = lookUp()
  symlinkSync('vmlinuz', join(site, 'boot/link'))
  symlinkSync('/etc/passwd', join(site, 'boot/passwd'))
  symlinkSync('/etc', join(site, 'etc'))
  symlinkSync('/etc', join(shipped, 'templates'))
  symlinkSync('circle', join(site, 'circle'))
  symlinkSync(`${site}-evil`, join(site, 'neighbour'))
  expect(paths.find('boot/link')).toEqual({ path: join(site, 'boot/vmlinuz'), from: 'site' })
  const names = ['boot/passwd', 'etc/passwd', 'templates/passwd', 'circle', 'neighbour']
  expect(names.map((name) => paths.find(name))).toEqual(names.map(() => undefined))
})

test('only regular files are found: a pipe would hold up whoever reads it', () => {
  const { site, paths } = lookUp()
  execFileSync('mkfifo', [join(site, 'pipe')])
  expect(paths.find('pipe')).toBe(undefined)
})

test('a site directory that is a link itself, or comes later, is no hindrance', () => {
  const { site, shipped } = lookUp()
  const link = join(siteOf({}), 'current')
  const paths = new Paths(link, shipped)
  expect(paths.find('boot/vmlinuz')).toBe(undefined)
  symlinkSync(site, link)
  expect(paths.find('boot/vmlinuz')).toEqual({ path: join(site, 'boot/vmlinuz'), from: 'site' })
})
