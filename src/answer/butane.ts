import { butaneKeys, ignitionKey, resourceKeys, specs, type Keys, type Kind } from './butane-keys.ts'
import { checkSecrets } from './butane-secrets.ts'
import type { AnswerProblem, Say } from './family.ts'
import { isMapping, readYaml, type Mapping, type Yaml } from './yaml-lines.ts'

type Path = readonly (string | number)[]

export type Made = { readonly text: string } | { readonly problems: readonly AnswerProblem[] }

/**
 * Butane's YAML as Ignition's JSON, of the specification that its variant and version stand for. Every key that is not converted is a
 * problem with its line; there is no text then.
 */
export function convertButane(source: string): Made {
  const problems: AnswerProblem[] = []
  const say: Say = (line, message, severity = 'error') => {
    problems.push({ line, severity, message })
    return undefined
  }
  const yaml = readYaml(source, say)
  const spec = yaml && specOf(yaml, say)
  if (!yaml || spec === undefined) return { problems }
  const converter = new Converter(yaml, Number(spec.slice(0, 3)), say)
  const { variant: _, version: __, ignition, ...rest } = converter.map(yaml.value as Mapping, butaneKeys, [])
  checkSecrets(yaml, say)
  if (problems.length > 0) return { problems: problems.toSorted((a, b) => a.line - b.line) }
  const config = { ignition: { ...(ignition as Mapping | undefined), version: spec }, ...rest }
  return { text: `${JSON.stringify(config, undefined, 2)}\n` }
}

function specOf({ value, lineOf }: Yaml, say: Say): string | undefined {
  if (!isMapping(value)) return say(1, 'no Butane file: it begins with variant: and version:')
  const { variant, version } = value
  if (typeof variant !== 'string' || !Object.hasOwn(specs, variant)) {
    return say(
      lineOf('variant'),
      `variant: must be one of ${Object.keys(specs).join(', ')}; convert others with butane, and name the .ign`,
    )
  }
  const versions = specs[variant]!
  if (typeof version === 'string' && Object.hasOwn(versions, version)) return versions[version]
  return say(lineOf('version'), `version: of ${variant} must be one of ${Object.keys(versions).join(', ')}`)
}

class Converter {
  readonly #yaml: Yaml
  readonly #spec: number
  readonly #say: Say

  constructor(yaml: Yaml, spec: number, say: Say) {
    this.#yaml = yaml
    this.#spec = spec
    this.#say = say
  }

  map(value: Mapping, keys: Keys, path: Path): Mapping {
    const made: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value)) {
      const at = [...path, key]
      const kind = Object.hasOwn(keys, key) ? keys[key]! : undefined
      if (!kind) this.#wrong(at, unknownKey(key, keys))
      else if (item !== null && item !== undefined) made[ignitionKey(key)] = this.#value(item, kind, at)
    }
    return made
  }

  #value(value: unknown, kind: Kind, path: Path): unknown {
    if ((kind.since ?? 0) > this.#spec)
      return this.#wrong(path, `is known since Ignition ${kind.since}: raise version:`)
    switch (kind.is) {
      case 'refused':
        return this.#wrong(path, kind.why)
      case 'list':
        if (!Array.isArray(value)) return this.#wrong(path, 'must be a list')
        return value.map((item, index) => this.#value(item, kind.of, [...path, index]))
      case 'map':
        return isMapping(value) ? this.map(value, kind.keys, path) : this.#wrong(path, 'must be a map')
      case 'resource':
        return isMapping(value)
          ? this.#resource(value, path)
          : this.#wrong(path, 'must be a map with inline: or source:')
      case 'mode':
        return this.#mode(value, path)
      case 'text':
        return typeof value === 'string' ? value : this.#wrong(path, 'must be a text: quote it')
      case 'number':
        return Number.isSafeInteger(value) ? value : this.#wrong(path, 'must be a whole number')
      case 'flag':
        return typeof value === 'boolean' ? value : this.#wrong(path, 'must be true or false')
    }
  }

  #resource(value: Mapping, path: Path): unknown {
    const { inline, ...made } = this.map(value, resourceKeys, path)
    if (typeof inline !== 'string') return made
    if (made['source'] !== undefined) return this.#wrong(path, 'holds inline: and source:, and can have one')
    if (made['compression'] !== undefined) return this.#wrong([...path, 'compression'], 'goes with source: only')
    return { source: dataUrl(inline), ...made }
  }

  /** 0644 is octal; 644 is nearly always meant to be. */
  #mode(value: unknown, path: Path): unknown {
    const mode = typeof value === 'string' && /^0o[0-7]+$/.test(value) ? Number(value) : value
    if (typeof mode !== 'number' || !Number.isInteger(mode) || mode < 0 || mode > 0o7777)
      return this.#wrong(path, 'must be octal: 0644')
    const meant =
      /^[0-7]{3,4}$/.test(String(mode)) && (Number.parseInt(String(mode), 8) & 0o400) !== 0 && (mode & 0o400) === 0
    return meant ? this.#wrong(path, `is decimal: write 0${mode}`) : mode
  }

  #wrong(path: Path, why: string): undefined {
    return this.#say(this.#yaml.lineOf(...path), `${named(path)} ${why}`)
  }
}

/** `storage.files[0].mode` */
export function named(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${step}`)).join('')
}

function unknownKey(key: string, keys: Keys): string {
  if (key === 'password' || key === 'passwd')
    return 'would be in clear text: Ignition takes password_hash (mkpasswd -m sha-512)'
  const plain = (name: string): string => name.replaceAll('_', '').toLowerCase()
  const near = Object.keys(keys).find((known) => plain(known) === plain(key))
  return near === undefined ? `is unknown here: ${Object.keys(keys).join(', ')}` : `is unknown: write ${near}`
}

/** The shorter of both forms (RFC 2397). */
function dataUrl(text: string): string {
  if (!text.isWellFormed()) return 'data:,'
  const percent = `data:,${encodeURIComponent(text)}`
  const base64 = `data:;base64,${Buffer.from(text).toString('base64')}`
  return percent.length <= base64.length ? percent : base64
}
