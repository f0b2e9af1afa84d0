import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Fault } from '../../src/fault.ts'
import { importSystemImager, type ImportOptions, type ImportReport } from '../../src/systemimager/import.ts'
import { loadSite } from '../../src/config/read.ts'
import { typed, type Typed } from '../cli/typed.ts'
import { cluster, oneDisk, openOldServer, type OldServer } from './old-server.ts'

const base = 'var/lib/systemimager'

function birnam(old: OldServer, ...words: string[]): Promise<Typed> {
  return typed(['node', 'birnam', '--site', old.site, '--data', old.data, ...words])
}

/** Without images being captured. */
async function take(old: OldServer, options: Partial<ImportOptions> = {}): Promise<ImportReport> {
  return await importSystemImager({
    base: old.base,
    etc: join(old.place, 'etc/systemimager'),
    site: old.site,
    dryRun: false,
    capture: () => Promise.resolve(),
    mayCapture: () => Promise.resolve(),
    ...options,
  })
}

const leftOf = ({ left }: ImportReport, file: string): string[] =>
  left.filter((one) => one.file.endsWith(file)).map(({ line, why }) => `${line ?? ''} ${why}`)

test(
  'a SystemImager server becomes a site with images, and birnam check finds nothing wrong with what is whole',
  { timeout: 60_000 },
  async () => {
    using old = openOldServer({ [`${base}/images/SuSE10/etc/systemimager/autoinstallscript.conf`]: oneDisk })
    const { code, out, err } = await birnam(old, 'import', 'systemimager', old.base)
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('2 images, 2 machines, 3 groups, 2 profiles')
    expect(out).toContain('the MAC address of node1293, node1294, node1295, web')
    const images = await birnam(old, 'image', 'ls', '--json')
    expect(
      (JSON.parse(images.out) as { name: string; tags: string[] }[]).map(({ name, tags }) => `${name}:${tags.join()}`),
    ).toEqual(['porter:1', 'suse10:1'])
    const checked = JSON.parse((await birnam(old, 'check', '--json')).out) as {
      findings: { message: string; severity: string }[]
    }
    const wrong = checked.findings.filter(({ severity }) => severity === 'error').map(({ message }) => message)
    // The kernel of the imager is built on this host, not imported.
    expect(wrong.filter((message) => !/imager/.test(message))).toEqual([])
  },
)

test('machines have addresses from hosts, cards from dhcpd, images from their links and groups', async () => {
  using old = openOldServer({
    [`${base}/images/SuSE10/etc/systemimager/autoinstallscript.conf`]: oneDisk,
    'etc/dhcpd.conf': 'host web { hardware ethernet 52:54:00:77:01:30; }',
  })
  await take(old)
  expect(readFileSync(join(old.site, 'systemimager.yaml'), 'utf8')).toContain(
    '#   - name: node1293\n#     ip: 10.77.0.93\n',
  )
  const { machines, groups, profiles } = loadSite(old.site)
  const told = machines.map(({ name, ip, macs, profile }) => [name, ip, macs[0], profile])
  expect(told).toEqual([
    ['node001', '10.77.0.21', '52:54:00:77:01:01', undefined],
    ['node002', '10.77.0.22', '52:54:00:77:01:02', undefined],
    ['web', '10.77.0.30', '52:54:00:77:01:30', 'porter'],
  ])
  expect(groups.map(({ name, priority, profile, machines: nodes }) => [name, priority, profile, nodes])).toEqual([
    ['Login', 10, 'suse10', ['node001', 'node002']],
    ['Storage', 20, 'porter', ['node001', 'node1293', 'node1294', 'node1295']],
    ['image-porter', 999_999_999, undefined, ['node1293', 'node1294', 'node1295', 'web']],
  ])
  expect(profiles.map((profile) => profile.kind === 'image' && [profile.name, profile.image, profile.layout])).toEqual([
    ['suse10', 'suse10', 'layouts/suse10.yaml'],
    ['porter', 'porter', 'layouts/porter.yaml'],
  ])
})

test('overrides of a group lie in one directory, the first that was listed won, and the report says so', async () => {
  using old = openOldServer()
  const report = await take(old)
  const text = (path: string): string => readFileSync(join(old.site, 'overrides', path), 'utf8')
  expect(readdirSync(join(old.site, 'overrides')).toSorted()).toEqual([
    'Login',
    'Storage',
    'all',
    'image-porter',
    'node001',
  ])
  expect([text('Login/etc/motd'), text('Login/etc/issue'), text('node001/etc/motd')]).toEqual([
    'frontend\n',
    'common\n',
    'node001\n',
  ])
  expect(lstatSync(join(old.site, 'overrides/Login/etc/localtime')).isSymbolicLink()).toBe(true)
  // There, an image's own overrides were weaker than those of all; here a group is stronger.
  expect(existsSync(join(old.site, 'overrides/image-porter/etc/ntp.conf'))).toBe(false)
  expect(report.won).toEqual([
    { layer: 'image-porter', path: 'etc/ntp.conf', by: 'all (all)', over: ['porter'] },
    { layer: 'Login', path: 'etc/motd', by: 'frontend', over: ['common'] },
  ])
  expect(leftOf(report, 'overrides/forgotten')).toEqual([' no group, host or image uses it'])
})

test('what cannot be taken over is listed with its file and the reason', async () => {
  using old = openOldServer()
  const report = await take(old)
  expect(report.left.map(({ file }) => file.replace(`${old.place}/`, '')).toSorted()).toEqual([
    'etc/systemimager/getimage.exclude',
    'images/SuSE10',
    'images/porter/etc/systemimager/autoinstallscript.conf',
    'images/porter/etc/systemimager/autoinstallscript.conf',
    'images/porter/etc/systemimager/autoinstallscript.conf',
    'overrides/forgotten',
    'scripts/hosts',
    'scripts/porter.master',
    'scripts/post-install/60SuSE10.suse',
    'scripts/post-install/60all.install_boot_loader',
    'scripts/pre-install',
  ])
  expect(report.todo.join('\n')).toMatch(/the disks of suse10/)
  expect(readdirSync(join(old.site, 'post-install'))).toEqual(['50all.motd', '60suse10.suse'])
  const layout = readFileSync(join(old.site, 'layouts/porter.yaml'), 'utf8')
  expect(layout).toContain('# /dev/sda there: a disk at sata or scsi of at least 2GiB here.')
  expect(layout).not.toMatch(/^[^#]*first/m)
})

test('a machine that has an override with other owners, devices or a template’s ending is told of', async () => {
  using old = openOldServer({ [`${base}/overrides/all/etc/page.hbs`]: '{{x}}' })
  const { execFileSync } = await import('node:child_process')
  execFileSync('mkfifo', [join(old.base, 'overrides/all/pipe')])
  execFileSync('chown', ['33:33', join(old.base, 'overrides/all/etc/motd')])
  const report = await take(old)
  expect(leftOf(report, 'page.hbs')).toEqual([' a file that ends with .hbs would be taken for a template'])
  expect(leftOf(report, 'pipe')[0]).toContain('neither file, directory nor link')
  expect(leftOf(report, 'overrides/all')[0]).toContain('1 paths had other owners (etc/motd)')
})

test('a dry run and one that is refused write nothing', async () => {
  using old = openOldServer()
  await take(old, { dryRun: true })
  expect(existsSync(old.site)).toBe(false)
  await take(old)
  const before = readdirSync(old.site, { recursive: true })
  await expect(take(old)).rejects.toThrow(/in the site already: overrides\/all, .*systemimager\.yaml/)
  expect(readdirSync(old.site, { recursive: true })).toEqual(before)
})

test('a name that the site has already is told before anything is written', async () => {
  using old = openOldServer({ 'site/fleet.yaml': 'machines:\n  - { name: node001, mac: "52:54:00:77:01:99" }\n' })
  await expect(take(old)).rejects.toThrow(/the name node001 belongs to/)
  expect(readdirSync(old.site)).toEqual(['fleet.yaml'])
})

test('an image that cannot be captured is listed, and no machine is left with a profile for it', async () => {
  using old = openOldServer()
  const report = await take(old, {
    capture: (name) =>
      name === 'porter' ? Promise.reject(new Fault('capture-failed', 'porter could not be read')) : Promise.resolve(),
  })
  expect(leftOf(report, 'images/porter')).toEqual([' porter could not be read'])
  expect(loadSite(old.site).profiles).toEqual([])
})

test('links are not followed: not by images, not by what lies inside of them, not by layouts', async () => {
  using old = openOldServer({
    [`${base}/images/evil`]: 'link:/etc',
    [`${base}/images/sly/etc`]: 'link:/etc',
    [`${base}/scripts/disks-layouts/passwd.xml`]: 'link:/etc/passwd',
    [`${base}/overrides/outside`]: 'link:/root',
    [`${base}/scripts/post-install/70all.shadow`]: 'link:/etc/shadow',
    [`${base}/scripts/evil.sh`]: 'link:../../../../../etc/passwd.master',
  })
  const captured: string[] = []
  const report = await take(old, { capture: (name) => Promise.resolve(void captured.push(name)) })
  expect(captured.toSorted()).toEqual(['porter', 'sly', 'suse10'])
  for (const file of ['images/evil', 'images/sly/etc', 'passwd.xml', 'overrides/outside', '70all.shadow'])
    expect(leftOf(report, file), file).toContain(' is a link, and links are not followed')
  expect(leftOf(report, 'evil.sh')).toEqual([' a link that leads to no script beside it'])
})

test.each([
  [
    'a document type',
    '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/shadow">]>\n<xml><name>&a;</name></xml>',
    1,
    /not read: <!DOCTYPE/,
  ],
  ['an entity of its own', '<xml>\n<name>&a;</name></xml>', 2, /not read: &a;/],
  ['a character number', '<xml>\n\n<name>&#0;</name></xml>', 3, /not read: &#0;/],
  ['an element that is not closed', '<xml>\n<group>\n<name>a</name>\n</xml>', 4, /not XML/],
  ['a comment without an end', '<xml>\n<!-- <name>a</name></xml>', 2, /not read: <!--/],
  ['nothing', '', 1, /./],
  ['a hundred levels', '<xml>\n'.repeat(100) + '</xml>'.repeat(100), 21, /too deep/],
  [
    'a range of a thousand million',
    cluster.replace('node1293-node1295', 'node1-node1000000000'),
    20,
    /more than 65536 hosts/,
  ],
  ['two groups of one name', cluster.replace('Storage', 'Login'), 15, /second group Login/],
])('cluster.xml with %s is refused with its line, and nothing is written', async (_, text, line, message) => {
  using old = openOldServer({ 'etc/systemimager/cluster.xml': text })
  const fault: unknown = await take(old).catch((error: unknown) => error)
  expect(fault).toBeInstanceOf(Fault)
  const { code, detail, message: said } = fault as Fault
  expect([code, detail.file, detail.line]).toEqual([
    'config-invalid',
    join(old.place, 'etc/systemimager/cluster.xml'),
    line,
  ])
  expect(said).toMatch(message)
  expect(existsSync(old.site)).toBe(false)
})

test('names that lead elsewhere, numbers beyond all measure and commands are left out and listed', async () => {
  const text = cluster
    .replace('<override>common</override>', '<override>../../../etc</override>')
    .replace('<priority>20</priority>', '<priority>99999999999999999999</priority>')
    .replace('<image>porter</image>', '<image>../../root</image><dynamic_node>rm -rf /</dynamic_node>')
    .replace('node001,node002', 'node001,../../x,10.0.0.7')
  using old = openOldServer({ 'etc/systemimager/cluster.xml': text })
  const report = await take(old)
  expect(leftOf(report, 'cluster.xml').map((why) => why.replace(/: names begin.*/, ''))).toEqual([
    '12 the override "../../../etc"'.replaceAll('"', ''),
    '7 the node ../../x',
    '7 the node 10.0.0.7: machines need names here',
    '18 <dynamic_node> of Storage: runs rm -rf / to list nodes: write them down',
    '17 the priority 99999999999999999999 of Storage: it is the weakest now',
  ])
  expect(loadSite(old.site).groups.find(({ name }) => name === 'Storage')).toMatchObject({ priority: 999_999_999 })
})

test('cluster.txt stands in where cluster.xml is lost', async () => {
  using old = openOldServer({
    'etc/systemimager/cluster.xml': undefined,
    [`${base}/scripts/cluster.txt`]:
      '# global_override=:all:\n#\nnode001:Login:porter:common frontend\nnode002:Login:porter:common frontend\n',
  })
  const report = await take(old)
  expect(loadSite(old.site).groups[0]).toMatchObject({
    name: 'Login',
    machines: ['node001', 'node002'],
    profile: 'porter',
  })
  expect(readFileSync(join(old.site, 'overrides/Login/etc/motd'), 'utf8')).toBe('frontend\n')
  expect(report.groups).toBe(2)
})

test('cards are known from the monitors’ own files, too', async () => {
  using old = openOldServer({
    [`${base}/clients.xml`]:
      '<xml>\n <client name="52.54.00.77.01.93" host="node1293" ip="10.77.0.93" os="porter" status="100"/>\n</xml>',
    [`${base}/clients/52:54:00:77:01:94_def.json`]:
      '{ "name": "52:54:00:77:01:94", "host": "node1294", "ip": "10.77.0.94" }',
    [`${base}/clients/broken_def.json`]: 'null',
  })
  await take(old)
  const macs = loadSite(old.site).machines.flatMap(({ name, macs: [mac] }) =>
    name.startsWith('node12') ? [[name, mac]] : [],
  )
  expect(macs).toEqual([
    ['node1293', '52:54:00:77:01:93'],
    ['node1294', '52:54:00:77:01:94'],
  ])
})

test('a directory that is no SystemImager server is refused', async () => {
  using old = openOldServer()
  const { code, err } = await birnam(old, 'import', 'systemimager', join(old.place, 'etc'))
  expect([code, err]).toEqual([1, expect.stringContaining('holds no images/, overrides/ or scripts/')])
})

test('a layout with a document type is listed with its line; numbers beyond all measure are listed, and that the layout lacks something', async () => {
  using old = openOldServer({
    [`${base}/images/porter/etc/systemimager/autoinstallscript.conf`]: `<!DOCTYPE config>\n${oneDisk}`,
    [`${base}/scripts/disks-layouts/SuSE10.xml`]: oneDisk.replace('2048', '9'.repeat(400)),
  })
  const report = await take(old)
  expect(leftOf(report, 'autoinstallscript.conf')).toEqual(['1 not read: <!DOCTYPE config>'])
  expect(leftOf(report, 'SuSE10.xml').join('\n')).toMatch(/the size 9999[^]*layouts\/suse10\.yaml is not complete/)
  expect(loadSite(old.site).profiles.map(({ name }) => name)).toEqual(['suse10'])
})

test('of a million lines that make no sense, ten thousand are listed, and the number of the others', async () => {
  using old = openOldServer({
    'etc/systemimager/cluster.xml': undefined,
    [`${base}/scripts/cluster.txt`]: 'a b\n'.repeat(1_000_000),
  })
  const { left } = await take(old, { dryRun: true })
  expect(left).toHaveLength(10_001)
  expect(left.at(-1)?.why).toMatch(/^99\d{4} more things like these$/)
})
