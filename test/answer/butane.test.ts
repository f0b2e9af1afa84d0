import { expect, test } from 'vitest'
import { butaneKeys, specs, type Kind } from '../../src/answer/butane-keys.ts'
import { convertButane } from '../../src/answer/butane.ts'
import { familyOf } from '../../src/answer/families.ts'

const head = 'variant: fcos\nversion: 1.4.0\n'
const json = (text: string): unknown => {
  const made = convertButane(text)
  return 'text' in made ? JSON.parse(made.text) : made.problems
}
const key = '-----BEGIN OPENSSH PRIVATE KEY-----'

test('names become those of Ignition, text becomes a data URL, octal a number', () => {
  const text = `${head}storage:
  files:
    - { path: /etc/motd, mode: 0644, contents: { inline: "Hail, king!\\n" } }
    - { path: /etc/long, mode: "0o600", contents: { inline: "${'ü'.repeat(9)}" } }
  disks: [{ device: /dev/vda, wipe_table: true, partitions: [{ size_mib: 9, start_mib: 1 }] }]
kernel_arguments: { should_exist: [quiet] }
passwd: { users: [{ name: core, ssh_authorized_keys: [k] }] }
`
  expect(json(text)).toEqual({
    ignition: { version: '3.3.0' },
    storage: {
      files: [
        { path: '/etc/motd', mode: 0o644, contents: { source: 'data:,Hail%2C%20king!%0A' } },
        {
          path: '/etc/long',
          mode: 0o600,
          contents: { source: `data:;base64,${Buffer.from('ü'.repeat(9)).toString('base64')}` },
        },
      ],
      disks: [{ device: '/dev/vda', wipeTable: true, partitions: [{ sizeMiB: 9, startMiB: 1 }] }],
    },
    kernelArguments: { shouldExist: ['quiet'] },
    passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['k'] }] },
  })
})

test.each(
  Object.entries(specs).flatMap(([variant, versions]) =>
    Object.entries(versions).map(([version, spec]) => [variant, version, spec]),
  ),
)('%s %s is Ignition %s', (variant, version, spec) =>
  expect(json(`variant: ${variant}\nversion: ${version}\n`)).toEqual({ ignition: { version: spec } }),
)

test.each([
  ['', 1, 'no Butane file: it begins with variant: and version:'],
  ['variant: openshift\nversion: 4.8.0\n', 1, /^variant: must be one of fcos, flatcar/],
  ['variant: fcos\nversion: 1.4\n', 2, /^version: of fcos must be one of 1\.0\.0/],
  [`${head}storage: {\n`, 4, /^no YAML: /],
  [`${head}storag: {}\n`, 3, /^storag is unknown here: variant, /],
  [
    `${head}storage:\n  files:\n    - path: /a\n      contents:\n        inlin: x\n`,
    7,
    /^storage\.files\[0\]\.contents\.inlin is unknown here/,
  ],
  [
    `${head}passwd: { users: [{ name: a, sshAuthorizedKeys: [] }] }\n`,
    3,
    'passwd.users[0].sshAuthorizedKeys is unknown: write ssh_authorized_keys',
  ],
  [`${head}storage: { files: {} }\n`, 3, 'storage.files must be a list'],
  [`${head}storage: { files: [x] }\n`, 3, 'storage.files[0] must be a map'],
  [`${head}storage: { files: [{ path: 7 }] }\n`, 3, 'storage.files[0].path must be a text: quote it'],
  [`${head}storage: { files: [{ path: /a, mode: 644 }] }\n`, 3, 'storage.files[0].mode is decimal: write 0644'],
  [`${head}storage: { files: [{ path: /a, mode: 99999 }] }\n`, 3, 'storage.files[0].mode must be octal: 0644'],
  [
    `${head}storage: { files: [{ path: /a, contents: { local: x } }] }\n`,
    3,
    /contents\.local reads a file of the host that butane runs on/,
  ],
  [
    `${head}storage: { files: [{ path: /a, contents: { inline: a, source: b } }] }\n`,
    3,
    'storage.files[0].contents holds inline: and source:, and can have one',
  ],
  [`${head}boot_device: {}\n`, 3, /^boot_device is made of disks/],
  [
    'variant: fcos\nversion: 1.1.0\nkernel_arguments: {}\n',
    3,
    'kernel_arguments is known since Ignition 3.3: raise version:',
  ],
  [
    'variant: fcos\nversion: 1.4.0\nstorage: { luks: [{ name: a, discard: true }] }\n',
    3,
    'storage.luks[0].discard is known since Ignition 3.4: raise version:',
  ],
])('%j is wrong in line %d: %s', (text, line, message) => {
  expect(json(text)).toMatchObject([
    { line, message: typeof message === 'string' ? message : (expect.stringMatching(message) as string) },
  ])
})

test.each([
  [
    'a password',
    'passwd: { users: [{ name: a, password: b }] }',
    'passwd.users[0].password would be in clear text: Ignition takes password_hash (mkpasswd -m sha-512)',
  ],
  [
    'a hash that is none',
    'passwd: { users: [{ name: a, password_hash: b }] }',
    'a: password_hash is no hash: make one with mkpasswd -m sha-512',
  ],
  [
    'a private key for all',
    `storage: { files: [{ path: /k, contents: { inline: "${key}" } }] }`,
    '/k: a private key that everybody on the machine may read: set mode: 0600',
  ],
  [
    'a private key for a group',
    `storage: { files: [{ path: /k, mode: 0640, append: [{ inline: "${key}" }] }] }`,
    '/k: a private key that everybody on the machine may read: set mode: 0600',
  ],
  [
    'a token on the kernel line',
    'kernel_arguments: { should_exist: [my.token=abc] }',
    'the kernel argument my.token= holds a secret, and everybody on the machine reads /proc/cmdline: put it into a file with mode: 0600',
  ],
  [
    'a secret in a unit',
    'systemd: { units: [{ name: a.service, contents: "[Service]\\nEnvironment=API_KEY=abc\\n" }] }',
    'a.service: everybody on the machine reads units: put the secret into a file with mode: 0600 and name it with EnvironmentFile=',
  ],
  [
    'a password in a URL',
    'storage: { files: [{ path: /k, contents: { source: "https://me:pw@h/x" } }] }',
    '/k: a password in a URL ends in logs: use http_headers, or serve it from here',
  ],
])('%s in the wrong place is told with its line, and never repeated', (_, text, message) => {
  expect(json(`${head}\n${text}\n`)).toEqual([{ line: 4, severity: 'error', message }])
})

test('a private key that only root reads is let pass', () => {
  expect(
    json(`${head}storage: { files: [{ path: /k, mode: 0600, contents: { inline: "${key}" } }] }\n`),
  ).toHaveProperty('storage')
})

test('several problems come in the order of their lines', () => {
  expect(json(`${head}a: 1\nb: 2\npasswd: { users: [{ name: x, password_hash: y }] }\n`)).toMatchObject([
    { line: 3 },
    { line: 4 },
    { line: 5 },
  ])
})

test.each([
  '\0',
  '['.repeat(100_000),
  'x'.repeat(1 << 20),
  `${head}a: &a [*a]\n`,
  `${head}? {a: 1}\n: b\n`,
  `${head}__proto__: {}\n`,
  `${head}constructor: {}\n`,
  '- a\n',
  'a: !!js/function x\n',
])('a hostile text ends in a list of problems: %#', (text) => expect(json(text)).toMatchObject([{ severity: 'error' }]))

test('every key of the table has a name that Ignition could have', () => {
  const names = (kind: Kind): string[] =>
    kind.is === 'map'
      ? Object.entries(kind.keys).flatMap(([name, inner]) => [name, ...names(inner)])
      : kind.is === 'list'
        ? names(kind.of)
        : []
  const all = names({ is: 'map', keys: butaneKeys })
  expect(all.filter((name) => !/^[a-z][a-z\d_]*$/.test(name))).toEqual([])
  expect(all.length).toBeGreaterThan(100)
})

const ignition = familyOf({ family: 'ignition' })
const distro = {
  name: 'd',
  family: 'ignition',
  kernel: 'k',
  initrd: [],
  args: '',
  origin: { file: 'f', line: 1 },
} as const
const answer = { url: 'http://10.77.0.1/a/t' }

test('the kernel line names a disk that is a path, and else leaves the choice to what we boot', () => {
  const coreos = { ...distro, version: '43', tree: 'http://m/rootfs.img' }
  const first = ['coreos.live.rootfs_url=http://m/rootfs.img', 'ignition.firstboot', 'ignition.platform.id=metal']
  expect(ignition.installArgs(coreos, { answer, vars: { disk: '/dev/vda' } })).toEqual([
    ...first,
    'coreos.inst.install_dev=/dev/vda',
    'coreos.inst.ignition_url=http://10.77.0.1/a/t/config.ign',
  ])
  for (const disk of [undefined, 'auto', 'SN123', '/dev/vda quiet'])
    expect(ignition.installArgs(coreos, { answer, vars: { disk } })).toEqual([
      ...first,
      'ignition.config.url=http://10.77.0.1/a/t/installer.ign',
    ])
  expect(ignition.installArgs({ ...distro, version: 'flatcar' }, { answer, vars: { disk: '/dev/vda' } })).toEqual([
    'flatcar.first_boot=1',
    'ignition.config.url=http://10.77.0.1/a/t/installer.ign',
  ])
  expect(ignition.liveArgs!(coreos, { answer })).toEqual([
    ...first,
    'ignition.config.url=http://10.77.0.1/a/t/config.ign',
  ])
})

test('ready JSON goes through as it is, and is checked', () => {
  expect(ignition.make!('{"ignition":{"version":"3.4.0"}}', undefined)).toEqual({
    text: '{"ignition":{"version":"3.4.0"}}',
  })
  expect(ignition.check('{', '43')).toMatchObject([{ message: 'no JSON: Ignition takes nothing else' }])
  expect(ignition.check('{}', '43')).toMatchObject([
    { message: 'ignition.version is missing' },
    { severity: 'warning' },
  ])
})
