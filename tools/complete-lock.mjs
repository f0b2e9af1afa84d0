// Adds the lock entries of optional platform packages that a registry may lack. Without them npm 11's `npm ci` refuses
// the lock; they are never installed here, because their os or cpu does not match. Run it after every `npm install`.
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const systems = ['darwin', 'win32', 'android', 'freebsd', 'openharmony']
const cpus = { 'arm64|aarch64': 'arm64', x64: 'x64', ia32: 'ia32', ppc64: 'ppc64', riscv64: 'riscv64', s390x: 's390x' }

for (const [owner, entry] of Object.entries(lock.packages)) {
  if (owner === '') continue
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (lock.packages[key] || lock.packages[`${owner}/${key}`]) continue
    lock.packages[key] = platformEntry(name, range, entry.dev)
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, JSON.stringify(lock, null, 2) + '\n')

function platformEntry(name, range, dev) {
  const cpu = Object.entries(cpus).find(([pattern]) => new RegExp(pattern).test(name))?.[1] ?? 'arm'
  const libc = /musl/.test(name) ? { libc: ['musl'] } : /gnu/.test(name) ? { libc: ['glibc'] } : {}
  const os = systems.find((system) => name.includes(system)) ?? 'linux'
  return { version: range.replace(/^[\^~]/, ''), cpu: [cpu], ...libc, ...(dev && { dev }), optional: true, os: [os] }
}
