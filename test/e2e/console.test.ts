import { execFileSync } from 'node:child_process'
import { expect } from 'vitest'
import { stringify } from 'yaml'
import { labTest } from '../lab/needs.ts'
import { duncan, example, liveProfile } from '../lab/site.ts'
import { permitOf } from './install.ts'
import { answerOf, openStage } from './stage.ts'

const password = 'dunsinane'
const hash = execFileSync('openssl', ['passwd', '-6', password], { encoding: 'utf8' }).trim()

labTest(
  'BIOS, iPXE ROM: a machine that nobody knows tells what it is and waits; written into the site by its serial number it boots on, in the same boot',
  ['lan', 'machine'],
  async () => {
    await using stage = await openStage({
      server: { strangers: 'discover' },
      fleet: { profiles: [liveProfile('probe')] },
    })
    const machine = await stage.boot({ serial: 'SN-42' })
    await machine.sees(/Nobody named this machine yet/, 60)
    expect(await stage.server.command('machine', 'waiting')).toMatch(
      /mac: "52:54:00:77:00:01", serial: "SN-42" \} {2}# Forres, Heath 3, /,
    )
    const banquo = { name: 'banquo', serial: 'SN-42', profile: 'probe', vars: { role: 'thane' } }
    await stage.site.write('fleet.yaml', stringify({ machines: [banquo], profiles: [liveProfile('probe')] }))
    expect(await answerOf(machine)).toMatch(/^I am banquo with 52:54:00:77:00:01 at 10.77.0.1\d\d, the thane/)
    await machine.ends()
    expect(await stage.server.command('machine', 'waiting')).toBe('No machine waits for a name.\n')
  },
)

labTest(
  'BIOS by PXELINUX: what somebody types at the menu is booted, and asks for its own answer',
  ['lan', 'machine', 'pxelinux'],
  async () => {
    await using stage = await openStage({
      server: { loader: 'pxelinux' },
      fleet: {
        machines: [{ ...duncan, profile: 'choose', vars: { role: 'king' } }],
        profiles: [
          { name: 'choose', kind: 'menu', title: 'What shall it be', entries: ['probe'], timeout: '5m' },
          ...example.profiles,
        ],
      },
    })
    const machine = await stage.boot()
    await machine.sees(/What shall it be\s+probe: live: probe\s+local: Boot from the local disk\s+boot:/, 60)
    machine.types('probe\r')
    expect(await answerOf(machine)).toContain('I am duncan')
    await machine.ends()
  },
)

labTest(
  'BIOS, iPXE ROM: an entry that wipes takes the password of the menu, typed at the console; a wrong one wipes nothing',
  ['lan', 'machine'],
  async () => {
    await using stage = await openStage({
      fleet: {
        machines: [{ ...duncan, profile: 'choose', vars: { role: 'king' } }],
        profiles: [
          { name: 'choose', kind: 'menu', entries: ['web'], timeout: '5m', password: hash },
          liveProfile('web', { kind: 'install' }),
        ],
      },
    })
    const machine = await stage.boot()
    await machine.sees(/install: web/, 60)
    machine.types('1')
    await machine.sees(/Username:/i, 60)
    // A serial port holds sixteen bytes; what is typed comes back on the screen.
    machine.types('macbeth')
    await machine.sees(/macbeth/, 60)
    machine.types('\r')
    machine.types('inverness')
    await machine.sees(/\*{9}/, 60)
    machine.types('\r')
    await machine.sees(/That password was wrong/, 60)
    expect(await permitOf(stage)).toBeUndefined()
    expect(stage.server.text).not.toMatch(/inverness/)
    machine.types('2')
    await machine.sees(/local disk|hard disk|Booting from SAN/i, 60)
  },
)
