import { execa } from 'execa'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { openLayoutStore } from '../../src/image/layout-store.ts'
import { imageOf } from '../image/layout.ts'
import { labTest } from '../lab/needs.ts'
import { openServed } from './served.ts'

labTest(
  'the running server makes a token for its operator; with it skopeo pushes, without it nobody reads',
  ['skopeo'],
  async () => {
    await using served = await openServed({})
    await served.start()
    const file = join(served.directory, 'data', 'registry-token')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const token = readFileSync(file, 'utf8').trim()
    const made = openLayoutStore(join(served.directory, 'made'))
    await made.put('porter', '1', await imageOf(made, 'a layer'))
    const to = `docker://127.0.0.1:${served.http}/porter:1`
    const from = `oci:${join(served.directory, 'made')}:porter:1`
    await execa('skopeo', ['copy', '--dest-tls-verify=false', '--dest-creds', `x:${token}`, from, to])

    const url = `http://127.0.0.1:${served.http}/v2/porter/manifests/1`
    expect((await fetch(url)).status).toBe(401)
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(url, { headers })).status).toBe(200)
    expect(served.output()).not.toContain(token)

    await served.stop('SIGKILL')
    await served.start()
    expect(readFileSync(file, 'utf8').trim()).toBe(token)
    expect((await fetch(url, { headers })).status).toBe(200)
  },
)

labTest(
  'birnam token: skopeo pushes to its image alone and pulls with a puller’s; a token that is taken away or at its end opens nothing',
  ['skopeo'],
  async () => {
    await using served = await openServed({})
    await served.start()
    const made = openLayoutStore(join(served.directory, 'made'))
    await made.put('porter', '1', await imageOf(made, 'a layer'))
    const token = async (...words: string[]): Promise<string> => {
      const { code, out, err } = await served.birnam('token', 'create', ...words)
      expect([code, err]).toEqual([0, expect.stringContaining('it is not shown again')])
      return out
    }
    const pusher = await token('builds', '--push', '--image', 'team/*')
    const puller = await token('reader', '--for', '8h')
    const push = (name: string, secret: string): Promise<{ exitCode?: number; stderr: string }> => {
      const at = [`oci:${join(served.directory, 'made')}:porter:1`, `docker://127.0.0.1:${served.http}/${name}:1`]
      return execa('skopeo', ['copy', '--dest-tls-verify=false', '--dest-creds', `any:${secret}`, ...at], {
        reject: false,
      })
    }
    expect(await push('team/porter', pusher)).toMatchObject({ exitCode: 0 })
    expect(await push('porter', pusher)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/denied|403/) })
    expect(await push('team/porter', puller)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/denied|403/),
    })

    const seen = async (secret: string): Promise<number> => {
      const url = `http://127.0.0.1:${served.http}/v2/team/porter/manifests/1`
      return (await fetch(url, { headers: { authorization: `Bearer ${secret}` } })).status
    }
    expect([await seen(puller), await seen(pusher), await seen(`${puller}x`)]).toEqual([200, 200, 401])
    const brief = await token('brief', '--for', '1s')
    await served.until(async () => (await seen(brief)) === 401)
    expect((await served.birnam('token', 'ls')).out).toMatch(
      /^brief +pull +all +over [^]*^builds +pull and push +team\//m,
    )
    expect(await served.birnam('token', 'rm', 'reader')).toMatchObject({ code: 0, out: 'reader: taken away' })
    expect(await seen(puller)).toBe(401)
    for (const secret of [pusher, puller]) expect(served.output()).not.toContain(secret)
  },
)
