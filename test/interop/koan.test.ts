import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { openLan } from '../lab/network.ts'
import { serve } from '../lab/server.ts'
import { duncan, openSite } from '../lab/site.ts'

const title =
  "koan's own calls in their order, by Python's XML-RPC: it finds its machine, its answer under a permit, and says done"

// What koan does for --list, --display and --replace-self: connect, ask, read the answer for its tree, fetch kernel and initrd.
const koan = `
import json, re, sys, urllib.request, xmlrpc.client
server = xmlrpc.client.ServerProxy('http://10.77.0.1:80/cobbler_api')
server.ping()
told = {'systems': [each['name'] for each in server.get_systems()]}
data = server.get_system_as_rendered('duncan')
def fetch(url):
    try:
        return urllib.request.urlopen(url).read()
    except urllib.error.HTTPError as error:
        return b'refused %d' % error.code
if data['autoinst'][0] == '/':
    raise SystemExit('koan would look for the file')
answer = fetch('http://%s/cblr/svc/op/ks/system/%s' % (data['http_server'], data['name'])).decode()
told['answer'] = answer
told['tree'] = re.findall(r'^url --url=(\\S+)', answer, re.M)
told['kernel'] = len(fetch(data['kernel'])) if data['kernel'].startswith('http') else 'koan would ask /cobbler/images'
told['initrd'] = len(fetch(data['initrd']))
if 'done' in sys.argv:
    told['done'] = fetch('http://%s/cblr/svc/op/nopxe/system/%s' % (data['http_server'], data['name'])).decode()
try:
    server.remove_system('duncan', 'token')
except xmlrpc.client.Fault as fault:
    told['fault'] = fault.faultString
print(json.dumps(told))
`

labTest(title, ['lan', 'python3'], async () => {
  const fleet = {
    machines: [{ ...duncan, profile: 'db', vars: { hash: '$6$salt$secret' } }],
    profiles: [{ name: 'db', kind: 'install', distro: 'rocky-9', answer: 'answers/db.ks.hbs' }],
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
  const files = { 'answers/db.ks.hbs': 'url --url={{distro.tree}}\nrootpw --iscrypted {{vars.hash}}\nreboot\n' }
  await using site = await openSite({ fleet, files, server: { compat: { cobbler: true } } })
  await using lan = await openLan()
  await using server = await serve(lan, site)
  const net = await lan.client(duncan.mac)
  await net.run(`ip address add ${duncan.ip}/24 dev eth0`)
  const run = async (...words: string[]): Promise<Record<string, unknown>> =>
    JSON.parse(await net.run(['/usr/bin/python3', '-c', koan, ...words]))

  expect(await run()).toMatchObject({ systems: ['duncan'], answer: 'refused 403', tree: [] })
  await server.command('reinstall', 'duncan')
  const told = await run('done')
  expect(told).toMatchObject({ tree: ['http://10.77.0.1/rocky/'], done: 'True' })
  expect(told['answer']).toContain('rootpw --iscrypted $6$salt$secret')
  expect([told['kernel'], told['initrd']]).toEqual([expect.any(Number), expect.any(Number)])
  expect(told['fault']).toContain('does not answer remove_system')
  const [{ state }]: [{ state: string }] = JSON.parse(await server.command('machine', 'list', '--json'))
  expect(state).toBe('installed')
  expect(await run()).toMatchObject({ answer: 'refused 403' })
})
