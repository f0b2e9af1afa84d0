import { spawnSync } from 'node:child_process'

/** `npm run bench -- [tftp|dhcp|http|render|fleet|reload|images|update|swarm]…`: each runs us and the known servers in turn and prints the ratios. */
const known = ['tftp', 'dhcp', 'http', 'render', 'fleet', 'reload', 'images', 'update', 'swarm']
const asked = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const options = process.argv.slice(2).filter((word) => word.startsWith('-'))
const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`no bench is called ${unknown.join(', ')}; there are ${known.join(', ')}`)
  process.exitCode = 2
} else {
  for (const name of asked.length > 0 ? asked : known) {
    console.log(`\n== ${name}`)
    const file = new URL(`${name}.ts`, import.meta.url).pathname
    const { status } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...options], {
      stdio: 'inherit',
    })
    if (status !== 0) process.exitCode = 1
  }
}
