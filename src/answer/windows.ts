import { XMLValidator } from 'fast-xml-parser'
import { basename } from 'node:path/posix'
import { problemsOf, type Family, type Say } from './family.ts'

const text = 'text/plain; charset=utf-8'

/**
 * Windows by wimboot, which makes a disk in memory of the files that iPXE fetched: what the distro names under `initrd` (BCD, boot.sdi,
 * boot.wim, curl.exe) and, by token, what this machine alone gets.
 */
export const windows: Family = {
  name: 'windows',
  type: 'application/xml; charset=utf-8',
  installArgs: () => [],
  program({ kernel, initrd }, { answer }) {
    const own = answer ? ['startnet.cmd', 'winpeshl.ini', 'unattend.xml', 'done.cmd'] : []
    return {
      any: { name: kernel, args: [] },
      files: [
        ...initrd.map((name) => ({ as: basename(name), from: name })),
        ...own.map((name) => ({ as: name, from: `${answer!.url}/${name}` })),
      ],
    }
  },
  parts: {
    'unattend.xml': { type: 'application/xml; charset=utf-8', from: 'answer' },
    'startnet.cmd': { type: text, dos: true, from: { template: 'kickstart/windows/startnet.cmd.hbs' } },
    'winpeshl.ini': { type: text, dos: true, from: { template: 'kickstart/windows/winpeshl.ini.hbs' } },
    'done.cmd': { type: text, dos: true, from: { template: 'kickstart/windows/done.cmd.hbs' } },
  },
  check: (answer) => problemsOf((say) => checkUnattend(answer, say)),
}

const passes = new Set('windowsPE offlineServicing generalize specialize auditSystem auditUser oobeSystem'.split(' '))

function checkUnattend(xml: string, say: Say): void {
  if (xml.length > 1 << 20) return say(1, 'the answer is larger than 1 MiB')
  const valid = XMLValidator.validate(xml)
  if (valid !== true) return say(valid.err.line, `no XML: ${valid.err.msg}`)
  if (!/<unattend\s[^<>]*urn:schemas-microsoft-com:unattend/.test(xml))
    return say(1, 'there is no <unattend xmlns="urn:schemas-microsoft-com:unattend">')
  for (const [index, line] of xml.split('\n').entries()) {
    const [, pass] = /<settings[^<>]*\bpass="([^"<>]*)"/.exec(line) ?? []
    if (pass !== undefined && !passes.has(pass)) say(index + 1, `Windows knows no pass ${pass}`)
    if (/<AutoLogon>/.test(line)) say(index + 1, 'AutoLogon leaves a session open to whoever stands there', 'warning')
  }
}
