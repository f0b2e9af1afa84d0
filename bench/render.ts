import { spawnSync } from 'node:child_process'
import { Templates } from '../src/template/templates.ts'
import { inTurn, median, option, ratioOf } from './lib/rounds.ts'

/**
 * One kickstart of 200 lines (6 loops, 2 conditions) rendered again and again for changing machines: ours (strict, bounded, from the
 * template reader on), and the same in jinja2 and Cheetah, compiled once, when Python has them
 * (apt-get install python3-jinja2 python3-cheetah). One thread each, in turn.
 *
 *   tools/with-node node bench/render.ts [--rounds 5]
 */
const rounds = Number(option('rounds') ?? 5)
const seconds = 1
const aims = { jinja2: 2.5, cheetah: 7 } as const

/** How each language writes the same things. */
interface Syntax {
  readonly value: (path: string) => string
  readonly loop: (list: string, item: string, body: string) => string
  readonly when: (path: string, body: string) => string
}

const handlebars: Syntax = {
  value: (path) => `{{${path}}}`,
  loop: (list, item, body) => `{{#each ${list} as |${item}|}}\n${body}{{/each}}\n`,
  when: (path, body) => `{{#if ${path}}}\n${body}{{/if}}\n`,
}
const jinja2: Syntax = {
  value: (path) => `{{ ${path} }}`,
  loop: (list, item, body) => `{% for ${item} in ${list} %}\n${body}{% endfor %}\n`,
  when: (path, body) => `{% if ${path} %}\n${body}{% endif %}\n`,
}
const cheetah: Syntax = {
  value: (path) => `\${${path}}`,
  loop: (list, item, body) => `#for $${item} in $${list}\n${body}#end for\n`,
  when: (path, body) => `#if $${path}\n${body}#end if\n`,
}

/** About 150 lines of text with 60 values, and 50 lines out of six loops. */
function kickstart({ value, loop, when }: Syntax): string {
  const fixed = Array.from(
    { length: 100 },
    (_, n) => `echo "step ${n} of the installation is written here for the log" >> /root/install.log\n`,
  )
  const valued = Array.from(
    { length: 46 },
    (_, n) => `setting-${n} --name=${value('machine.name')} --at=${value('vars.site')}\n`,
  )
  const loops = ['packages', 'services', 'ntp', 'repos', 'sshkeys', 'mounts'].map((list) =>
    loop(`vars.${list}`, 'one', `add ${list} ${value('one')}\n`),
  )
  const conditions = ['vars.static', 'vars.proxy'].map((path) =>
    when(path, `use ${value(path)} on ${value('machine.mac')}\n`),
  )
  return [...fixed.slice(0, 50), ...valued, ...loops, ...conditions, ...fixed.slice(50)].join('')
}

function contextOf(n: number): Record<string, unknown> {
  const list = (what: string): string[] => Array.from({ length: 8 }, (_, index) => `${what}-${index}.example.org`)
  const lists = {
    packages: list('package'),
    services: list('service'),
    ntp: list('time'),
    repos: list('repo'),
    sshkeys: list('key'),
    mounts: list('mount'),
  }
  return {
    machine: { name: `node${n}`, mac: '52:54:00:77:00:01' },
    vars: { site: 'inverness', static: 'yes', proxy: 'http://proxy:3128', ...lists },
  }
}

function ours(): number {
  const text = kickstart(handlebars)
  const templates = new Templates({ read: (file) => ({ text, file }) })
  const contexts = Array.from({ length: 64 }, (_, n) => contextOf(n))
  const begin = performance.now()
  let count = 0
  while (performance.now() - begin < seconds * 1000) {
    for (const context of contexts) templates.render('server.ks.hbs', context, 'node')
    count += contexts.length
  }
  return (count * 1000) / (performance.now() - begin)
}

function theirs(engine: string, template: string): number {
  const input = JSON.stringify({ engine, template, context: contextOf(0), seconds })
  const { status, stdout, stderr } = spawnSync(
    '/usr/bin/python3',
    [new URL('lib/render.py', import.meta.url).pathname],
    { input, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stderr)
  const { rate, text } = JSON.parse(stdout) as { rate: number; text: string }
  sameLines(engine, text)
  return rate
}

/** The same work, or the comparison says nothing: the lines that are not blank are equal. */
function sameLines(engine: string, text: string): void {
  const lines = (whole: string): string =>
    whole
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('\n')
  const own = new Templates({ read: (file) => ({ text: kickstart(handlebars), file }) }).render(
    'a',
    contextOf(0),
    'node0',
  )
  if (lines(own) !== lines(text)) throw new Error(`${engine} renders another text`)
}

function has(module: string): boolean {
  return spawnSync('/usr/bin/python3', ['-c', `import ${module}`]).status === 0
}

const peers = [
  { name: 'jinja2', module: 'jinja2', template: kickstart(jinja2) },
  { name: 'cheetah', module: 'Cheetah', template: kickstart(cheetah) },
] as const
const present = peers.filter(({ module }) => has(module))
const subjects = [
  { name: 'birnam', run: () => Promise.resolve(ours()) },
  ...present.map(({ name, template }) => ({ name, run: () => Promise.resolve(theirs(name, template)) })),
]
const runs = await inTurn(subjects, rounds)
for (const [name, rates] of runs) console.log(`${name.padEnd(10)} ${Math.round(median(rates))}/s`)
for (const { name } of present) {
  const ratio = ratioOf(runs.get('birnam')!, runs.get(name)!)
  console.log(`birnam / ${name}: ${ratio.toFixed(1)}x (aim ${aims[name]}x)`)
}
for (const { name } of peers.filter((peer) => !present.includes(peer)))
  console.log(`${name}: not installed, not compared`)
