import { expect } from 'vitest'
import { openCertificate, type Certificate } from '../lab/certificate.ts'
import { labTest } from '../lab/needs.ts'
import { answerOf, duncansAnswer, openStage, story, type Stage } from './stage.ts'

const needs = ['lan', 'machine', 'ovmf', 'ipxe', 'openssl'] as const
const byHttp = { firmware: 'uefi', without: ['IPv4PXESupport', 'IPv6PXESupport'] } as const

labTest(
  'UEFI HTTP boot by TLS: the loader comes from a server whose certificate the firmware knows',
  needs,
  async () => {
    const own = await openCertificate()
    await using stage = await openSecureStage(own)
    const machine = await stage.boot({ ...byHttp, believes: own.certificate })
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
    expect(machine.text).toContain('https://10.77.0.1/')
    expect(story(await stage.trace('duncan'))).toContain('sent snponly.efi')
  },
)

labTest('UEFI HTTP boot by TLS: a firmware that knows another certificate fetches nothing', needs, async () => {
  const [own, other] = await Promise.all([openCertificate(), openCertificate()])
  await using stage = await openSecureStage(own)
  await stage.boot({ ...byHttp, believes: other.certificate })
  const cause = async (): Promise<string | undefined> => (await stage.trace('duncan')).missing?.cause
  await expect.poll(cause, { timeout: 120_000, interval: 1000 }).toContain('certificate')
  expect(story(await stage.trace('duncan'))).not.toContain('sent snponly.efi')
})

function openSecureStage({ certificate, key }: Certificate): Promise<Stage> {
  const https = { certificate: 'tls/forres.pem', key: 'tls/forres.key', boot: true }
  return openStage({ server: { https }, files: { 'tls/forres.pem': certificate, 'tls/forres.key': key } })
}
