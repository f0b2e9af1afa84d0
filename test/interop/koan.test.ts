import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { openLan } from '../lab/network.ts'
import { serve } from '../lab/server.ts'
import { duncan, openSite } from '../lab/site.ts'

const title =
  "koan's own calls in their order, by Python's XML-RPC: it finds its machine and its live answer, and starts no install"

// What koan does for --list, --display and --replace-self: connect, ask, read the answer for its tree, fetch kernel and initrd.
const koan = `
import json, re, sys, urllib.request, xmlrpc.client
def fetch(url):
    try:
        return urllib.request.urlopen(url).read()
    except urllib.error.HTTPError as error:
        return b'refused %d' % error.code
server = xmlrpc.client.ServerProxy('http://10.77.0.1:80/cobbler_api')
server.ping()
told = {'systems': [each['name'] for each in server.get_systems()]}
try:
    data = server.get_system_as_rendered(sys.argv[1])
except xmlrpc.client.Fault as fault:
    print(json.dumps({**told, 'refused': fault.faultString, 'answer': fetch('http://10.77.0.1/cblr/svc/op/ks/system/' + sys.argv[1]).decode()}))
    raise SystemExit
if data['autoinst'][0] == '/':
    raise SystemExit('koan would look for the file')
answer = fetch('http://%s/cblr/svc/op/ks/system/%s' % (data['http_server'], data['name'])).decode()
told['answer'] = answer
told['tree'] = re.findall(r'^url --url=(\\S+)', answer, re.M)
told['kernel'] = len(fetch(data['kernel'])) if data['kernel'].startswith('http') else 'koan would ask /cobbler/images'
told['initrd'] = len(fetch(data['initrd']))
try:
    server.remove_system(sys.argv[1], 'token')
except xmlrpc.client.Fault as fault:
    told['fault'] = fault.faultString
print(json.dumps(told))
`

labTest(title, ['lan', 'python3'], async () => {
  const fleet = {
    machines: [
      { ...duncan, profile: 'db', vars: { hash: '$6$salt$secret' } },
      { name: 'ross', mac: '52:54:00:77:00:03', ip: '10.77.0.13', profile: 'rescue' },
    ],
    profiles: [
      { name: 'db', kind: 'install', distro: 'rocky-9', answer: 'answers/db.ks.hbs' },
      { name: 'rescue', kind: 'live', distro: 'rocky-9', answer: 'answers/rescue.hbs' },
    ],
    distros: [
      {
        name: 'rocky-9',
        family: 'redhat',
        version: '9',
        kernel: 'boot/vmlinuz',
        initrd: ['boot/initrd.gz'],
        tree: 'http://10.77.0.1/rocky/',
      },
    ],
  }
  const files = {
    'answers/db.ks.hbs': 'rootpw --iscrypted {{vars.hash}}\nreboot\n',
    'answers/rescue.hbs': 'url --url={{distro.tree}}\nrescue\n',
  }
  await using site = await openSite({ fleet, files, server: { compat: { cobbler: true } } })
  await using lan = await openLan()
  await using server = await serve(lan, site)
  const run = async (name: string, card: string, address: string): Promise<Record<string, unknown>> => {
    const net = await lan.client(card)
    await net.run(`ip address add ${address}/24 dev eth0`)
    return JSON.parse(await net.run(['/usr/bin/python3', '-c', koan, name])) as Record<string, unknown>
  }

  const told = await run('ross', '52:54:00:77:00:03', '10.77.0.13')
  expect(told).toMatchObject({ systems: ['ross'], tree: ['http://10.77.0.1/rocky/'] })
  expect([told['kernel'], told['initrd']]).toEqual([expect.any(Number), expect.any(Number)])
  expect(told['fault']).toContain('does not answer remove_system')
  await server.command('reinstall', 'duncan')
  const refused = await run('duncan', duncan.mac, duncan.ip)
  expect(refused).toMatchObject({ systems: ['duncan'], answer: 'refused 403' })
  expect(refused['refused']).toContain('installed when it boots from the network')
  const machines = JSON.parse(await server.command('machine', 'list', '--json')) as readonly {
    name: string
    state: string
  }[]
  expect(machines.find(({ name }) => name === 'duncan')?.state).toBe('armed')
})
