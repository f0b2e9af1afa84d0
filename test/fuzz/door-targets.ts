import { callCobbler } from '../../src/api/cobbler-calls.ts'
import { hideSecrets } from '../../src/api/secrets.ts'
import { atOnce } from '../../src/config/slices.ts'
import { Fault } from '../../src/fault.ts'
import { readAskedExcludes } from '../../src/files/update-scope.ts'
import { readSyslinuxCookies } from '../../src/files/syslinux-cookies.ts'
import { judge } from '../../src/http/conditions.ts'
import { credentialsOf } from '../../src/http/registry-gate.ts'
import { ListReader } from '../../src/image/capture-listing.ts'
import { readDrift } from '../../src/image/drift.ts'
import { judgeBy } from '../../src/image/rules.ts'
import { readDiskNames } from '../../src/machine/disks.ts'
import { readPixiecoreReply } from '../../src/menu/pixiecore-reply.ts'
import { readAnnounce } from '../../src/swarm/tracker.ts'
import { readMonitorLine } from '../../src/systemimager/monitor-line.ts'
import { openHouse } from '../house.ts'
import type { Target } from './targets.ts'

/** A reader of text, and how much of it its door lets in. */
export interface DoorTarget extends Target {
  readonly most: number
}

const xml =
  '<?xml version="1.0"?><methodCall><methodName>get_systems</methodName><params><param><value><string>duncan</string></value></param></params></methodCall>'
const path = 'usr/share/perl/5.36.0/unicore/lib/long/path/CanonicalCombiningClass.pl'
const fields = ['f', '644', '0', '0', '5', '1700000000.5', '1700000000.5', '1', '2', '1', '', './etc/a']
const record = fields.map((field) => `${field}\0`).join('')
const version = { tag: '"x"', size: 1000, mtimeMs: 0, lastModified: 'Thu, 01 Jan 1970 00:00:00 GMT' }
const headers = ['if-match', 'if-none-match', 'if-range', 'range', 'if-modified-since', 'if-unmodified-since'] as const

/** What HTTP and its neighbours let in. The house is for as long as the process. */
export function doorTargets(): readonly DoorTarget[] {
  const { house } = openHouse()
  return [
    text('secrets', 60_000, hideSecrets, [
      'rootpw --iscrypted $6$a$b\npassword=x https://a:b@c/ 525400770001-mx0alo7f-2d34b947e08bccfb9119.ab\n',
      'd-i passwd/root-password password x\n-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\n',
      'a.a.a.a.a://b',
    ]),
    text('excludes', 256 << 10, readAskedExcludes, ['/etc/*\n**/x\na?b\nusr/**/lib/*.so\n# no\n']),
    text('globs', 256, (glob) => judgeBy({ exclude: [glob] })(path, false), [
      '/etc/*',
      '**/x',
      'a?b',
      'usr/**/lib/*.so',
    ]),
    bytes('drift', 256 << 10, (said) => atOnce(readDrift(said, () => true)), [
      '-f 644 0 0 3 1.0 ./etc/a\0+f 644 0 0 3 1.0 ./etc/a\0#abc  ./etc/b\0+l 0 0 ./x\u0001y\0',
    ]),
    text('xml-rpc', 8 << 10, (call) => callCobbler(house, call, []), [xml, '<a b="c" d=\'e\'><!-- x --><f/>&lt;</a>']),
    bytes('listing', 64 << 10, (list) => new ListReader('/').read(list), [`${record.repeat(3)}=\0${'0'}\0`]),
    text('monitor', 4096, readMonitorLine, [
      'mac=52.54.00.77.00.01:ip=10.0.0.1:host=a:status=5:os=x:speed=3',
      'UPD:{"name":"52:54:00:77:00:01","status":"5"}',
      'LOG:{"MESSAGE":"x"}',
    ]),
    text('cookies', 4096, readSyslinuxCookies, ['_Syslinux_BOOTIF=01-52-54-00-77-00-01; _Syslinux_SYSSERIAL=a%20b']),
    text('credentials', 16_000, (authorization) => credentialsOf({ authorization }), ['Basic YTpi', 'Bearer abc.def']),
    text('conditions', 16_000, (value) => headers.map((name) => judge('GET', { [name]: value }, version, 0)), [
      '"x", W/"y", *',
      'bytes=0-5',
      'Thu, 01 Jan 1970 00:00:00 GMT',
    ]),
    text('disks', 4000, readDiskNames, ['serial:S3Z8NB0K wwn:0x5 table:ab', 'any']),
    text('announce', 8000, (query) => readAnnounce(query, '10.0.0.1'), [
      'info_hash=%01%02345678901234567890&peer_id=12345678901234567890&port=6881&left=3&event=stopped',
    ]),
    text('pixiecore', 64 << 10, (reply) => readPixiecoreReply(reply, 'http://a'), [
      '{"kernel":"http://a/k","initrd":["http://a/i"],"cmdline":"a {{ URL \\"b\\" }}","message":"m"}',
    ]),
  ]
}

function text(name: string, most: number, read: (text: string) => unknown, seeds: readonly string[]): DoorTarget {
  return bytes(name, most, (given) => read(given.toString()), seeds)
}

function bytes(name: string, most: number, read: (bytes: Buffer) => unknown, seeds: readonly string[]): DoorTarget {
  return {
    name,
    most,
    seeds: seeds.map((seed) => Buffer.from(seed, 'latin1')),
    feed(given) {
      try {
        read(given.subarray(0, most))
      } catch (error) {
        if (!(error instanceof Fault) || error.code === 'internal') throw error
      }
    },
  }
}
