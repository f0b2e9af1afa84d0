import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openMonitor, type Monitor, type MonitorLimits } from '../../src/systemimager/monitor.ts'
import { monitorJournal } from '../../src/systemimager/monitor-journal.ts'
import { readMonitorLine } from '../../src/systemimager/monitor-line.ts'
import { machineOf } from '../../src/files/house.ts'
import { arm, mac, openHouse, type TestHouse } from '../house.ts'

const old = `mac=52.54.00.77.00.01:ip=10.77.0.11:host=duncan:cpu=Intel(R):ncpus=2:kernel=2.6:mem=1024:os=porter:tmpfs=4%:time=31:status=42:speed=11.7`

test('a line of 4.3 says who, how far and at what speed', () => {
  expect(readMonitorLine(old)).toEqual({
    kind: 'state',
    mac,
    state: { step: 'imaging', percent: 42, host: 'duncan', image: 'porter', speed: '11.7' },
  })
})

test('lines of 4.9 say who comes, where he is, and what he logs', () => {
  expect(readMonitorLine('MAC:52:54:00:77:00:01;12')).toEqual({ kind: 'hello', mac })
  expect(readMonitorLine('UPD:{ "name" : "52:54:00:77:00:01", "status" : "102", "speed" : "0" }')).toEqual({
    kind: 'state',
    mac,
    state: { step: 'rebooted' },
  })
  expect(readMonitorLine('LOG:{ "TAG" : "local2" , "PRIORITY" : "info" , "MESSAGE" : "hello" }')).toEqual({
    kind: 'log',
    text: 'hello',
  })
})

test.each([
  '',
  'GET / HTTP/1.1',
  'mac=zz:status=1',
  'mac=52.54.00.77.00.01:status=one',
  'mac=52.54.00.77.00.01:status=99999999',
  'MAC:;;',
  'UPD:null',
  'UPD:[1]',
  'UPD:{"name":{"a":1},"status":"1"}',
  'UPD:{"name":"52:54:00:77:00:01"}',
  'LOG:{',
  `UPD:${'['.repeat(2000)}`,
  'LOG:{"MESSAGE":{}}',
])('%s is no report', (line) => {
  expect(readMonitorLine(line)).toBeUndefined()
})

interface Scene extends AsyncDisposable {
  readonly house: TestHouse
  readonly monitor: Monitor
  readonly strange: string[]
  say(text: string): Promise<Socket>
}

/** However it ends. */
async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

async function openScene(limits: Partial<MonitorLimits> = {}): Promise<Scene> {
  const house = openHouse()
  const strange: string[] = []
  const listener = monitorJournal({
    journal: house.house.journal,
    now: () => house.now,
    nameOf: (card) => machineOf(house.house, card)?.name,
    onStrange: (why) => void strange.push(why),
  })
  const monitor = await openMonitor({ address: '127.0.0.1', port: 0, listener, limits })
  const sockets: Socket[] = []
  return {
    house,
    monitor,
    strange,
    async say(text) {
      const socket = connect(monitor.port, '127.0.0.1')
      sockets.push(socket)
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.end(text)
      socket.resume()
      await closed(socket)
      return socket
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await monitor.close()
      house[Symbol.dispose]()
    },
  }
}

test('what a client says becomes events of its machine, and neither permit nor state change by it', async () => {
  await using scene = await openScene()
  const { house } = scene.house
  arm({ house })
  await scene.say(`${old}\n`)
  await scene.say(old.replace('status=42', 'status=43'))
  await scene.say(old.replace('status=42', 'status=100'))
  await scene.say(
    'MAC:52:54:00:77:00:01;9\nLOG:{"MESSAGE":"it went well"}\nUPD:{"name":"52:54:00:77:00:01","status":"102"}\n',
  )
  const told = scene.house
    .events()
    .flatMap(({ type, detail }) => (type.startsWith('monitor') ? [[type, detail?.['step'] ?? detail?.['text']]] : []))
  expect(told.toReversed()).toEqual([
    ['monitor.state', 'imaging'],
    ['monitor.state', 'imaged'],
    ['monitor.log', 'it went well'],
    ['monitor.state', 'rebooted'],
  ])
  expect(house.permits.of('duncan')?.state).toBe('armed')
  expect(scene.monitor.counters).toMatchObject({ connections: 4, reports: 4, logs: 1, strange: 0 })
})

test('reports of machines that nobody named are counted, and leave no event', async () => {
  await using scene = await openScene()
  for (let card = 10; card < 60; card++) await scene.say(old.replace('00.01', `00.${card}`))
  expect(scene.house.events()).toEqual([])
  expect(scene.monitor.counters['reports']).toBe(50)
})

test('lines without an end, floods and noise end their connection only, and are told once', async () => {
  await using scene = await openScene({ lines: 100 })
  await scene.say('x'.repeat(1 << 20))
  await scene.say('=\n'.repeat(1000))
  await scene.say('\0\xff\xfe\n'.repeat(50))
  await scene.say(`${old}\n`)
  expect(scene.strange).toEqual([
    'a line of more than 4096 bytes',
    'a line that no client of SystemImager sends',
    'more than 100 lines',
  ])
  expect(scene.monitor.counters['reports']).toBe(1)
})

test('so many connections and no more, of one address and of all; whoever is silent has to go', async () => {
  await using scene = await openScene({ perAddress: 3, idle: 200 })
  const silent = Array.from({ length: 10 }, () => connect(scene.monitor.port, '127.0.0.1').on('error', () => {}))
  await Promise.all(silent.map((socket) => (socket.resume(), closed(socket))))
  expect(scene.monitor.counters).toMatchObject({ connections: 3, dropped: 7 })
  await wait(10)
  await scene.say(`${old}\n`)
  expect(scene.monitor.counters['reports']).toBe(1)
})
