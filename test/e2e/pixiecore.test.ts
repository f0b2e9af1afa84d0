import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { openGuest } from '../lab/guest.ts'
import { labTest } from '../lab/needs.ts'
import { duncan, probeArgs } from '../lab/site.ts'
import { answerOf, duncansAnswer, openStage, type Stage } from './stage.ts'

const reply = `api/v1/boot/${duncan.mac}`

/** A tree of files is an API, too, for whoever only asks. */
async function openApi(stage: Stage): Promise<void> {
  const guest = await openGuest()
  await stage.site.write(
    reply,
    '{"kernel": "/kernel", "initrd": ["/initrd.gz"], "cmdline": "quiet", "message": "Hail!"}',
  )
  await stage.site.write('api/kernel', guest.vmlinuz)
  await stage.site.write('api/initrd.gz', guest.initrd)
  const host = stage.lan.keep(await stage.lan.client())
  await host.run('ip address add 10.77.0.2/24 dev eth0')
  const tree = join(stage.site.directory, 'api')
  const server = stage.lan.keep(
    host.start(['/usr/bin/python3', '-u', '-m', 'http.server', '8080', '--bind', '10.77.0.2', '--directory', tree]),
  )
  await server.sees(/Serving HTTP/)
}

const profile = { kind: 'live', pixiecore: 'http://10.77.0.2:8080', args: probeArgs, answer: 'answers/probe.txt.hbs' }

labTest(
  'BIOS, iPXE ROM: a machine boots what an API made for pixiecore says, from its server; what it says no to boots its disk',
  ['lan', 'machine', 'python3'],
  async () => {
    const fleet = {
      machines: [{ ...duncan, profile: 'away', vars: { role: 'king' } }],
      profiles: [{ name: 'away', ...profile }],
    }
    await using stage = await openStage({ fleet })
    await openApi(stage)
    const machine = await stage.boot()
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
    const trace = await stage.trace('duncan')
    expect(trace.ended, JSON.stringify(trace, null, 1)).toBe(true)
    const sent = trace.events.filter(({ type }) => type === 'file.sent').map(({ detail }) => detail?.['name'])
    expect(sent).not.toContain('boot/vmlinuz')
    expect(await stage.server.command('explain', 'duncan')).toContain('http://10.77.0.2:8080/kernel quiet console=')

    await rm(join(stage.site.directory, reply))
    // What was said is good for ten seconds.
    await new Promise((resolve) => setTimeout(resolve, 11_000))
    const refused = await stage.boot()
    await refused.sees(/boot\.ipxe/)
    await expect
      .poll(async () => (await stage.trace('duncan')).events.findLast(({ type }) => type === 'menu.given')?.detail, {
        timeout: 60_000,
      })
      .toMatchObject({ plan: 'local', why: expect.stringContaining('it says 404') })
  },
)
