import { isWiping, type Machine } from '../config/site.ts'
import { distroOf } from '../files/context.ts'
import { serverUrl, type House } from '../files/house.ts'
import { Fault } from '../fault.ts'
import { readXml, type Element } from '../systemimager/xml.ts'
import { faultText, replyText, type Value } from './xml-rpc.ts'

/**
 * What koan calls by XML-RPC: `koan --list`, `--display` and `--replace-self` of a system. `machines` are those that the caller may see. Nothing
 * here is a secret, and nothing can be changed.
 */
export function callCobbler(house: House, body: string, machines: readonly Machine[]): string {
  try {
    const { method, words } = readCall(body)
    return replyText(answer(house, method, words, machines))
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return faultText(1, error.message)
  }
}

function readCall(body: string): { readonly method: string; readonly words: readonly string[] } {
  const call = readXml('the call', body)
  const method = call.children.find(({ name }) => name === 'methodName')?.text
  if (call.name !== 'methodCall' || method === undefined)
    throw new Fault('request-invalid', 'this is no call of XML-RPC', {
      hint: 'koan and Python make them by xmlrpc.client',
    })
  const params = call.children.find(({ name }) => name === 'params')?.children ?? []
  return { method, words: params.map(wordOf) }
}

function wordOf(param: Element): string {
  const value = param.children[0]
  return value?.children[0]?.text ?? value?.text ?? ''
}

function answer(house: House, method: string, [name = '']: readonly string[], machines: readonly Machine[]): Value {
  switch (method) {
    case 'ping':
      return true
    case 'get_systems':
      return machines.map((machine) => ({ name: machine.name, profile: machine.profile ?? '' }))
    case 'get_profiles':
      return named(machines.map((machine) => house.registry.profileOf(machine)?.name))
    case 'get_distros':
      return named(machines.map((machine) => distroName(house, machine)))
    case 'get_images':
    case 'get_repos':
      return []
    case 'get_system_as_rendered':
      return rendered(
        house,
        machines.find((machine) => machine.name === name),
        name,
      )
    default:
      throw new Fault(
        'request-invalid',
        `Birnam does not answer ${method}: it shows systems, and koan may reinstall the one that it runs on`,
      )
  }
}

function named(names: readonly (string | undefined)[]): Value {
  return [...new Set(names.filter((name) => name !== undefined))].map((name) => ({ name }))
}

function distroName(house: House, machine: Machine): string | undefined {
  const profile = house.registry.profileOf(machine)
  return profile && distroOf(house, profile)?.name
}

/** As koan wants to have it: kernel, initrd and where its answer is. The kernel line has no token: the answer's name has to do. */
function rendered(house: House, machine: Machine | undefined, name: string): Value {
  const profile = machine && house.registry.profileOf(machine)
  const distro = profile && distroOf(house, profile)
  if (!machine || !profile || !distro)
    throw new Fault('request-invalid', `${name} is not at this address, or it has no distro to be installed from`)
  if (isWiping(profile))
    throw new Fault(
      'request-invalid',
      `${name} is installed when it boots from the network: birnam reinstall ${name} on the server, then restart it`,
    )
  const url = serverUrl(house, machine.ip)
  return {
    name: machine.name,
    hostname: machine.hostname,
    profile: profile.name,
    distro: distro.name,
    breed: distro.family,
    os_version: distro.version,
    arch: 'x86_64',
    http_server: new URL(url).host,
    server: new URL(url).host,
    kernel: `${url}/${distro.kernel}`,
    initrd: `${url}/${distro.initrd[0] ?? ''}`,
    kernel_options: distro.args,
    install_tree: distro.tree ?? '',
    autoinstall_meta: distro.tree === undefined ? {} : { tree: distro.tree },
    autoinst: `${url}/cblr/svc/op/ks/system/${machine.name}`,
    interfaces: Object.fromEntries(
      machine.macs.map((card, at) => [`eth${at}`, { mac_address: card, ip_address: machine.ip ?? '' }]),
    ),
  }
}
