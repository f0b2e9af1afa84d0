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
