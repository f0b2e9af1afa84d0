import { z } from 'zod'

/** What Ubuntu's installer posts of each step (`reporting: { type: webhook }`, by curtin), as far as it is told on. */
const event = z.object({
  name: z.string().max(1000),
  event_type: z.enum(['start', 'finish']),
  origin: z.string().max(100),
  result: z.string().max(100).optional(),
})

/** A step worth telling, or one of the hundreds that are not. */
export type Heard = { readonly kind: 'progress'; readonly step: string } | 'nothing'

/**
 * Undefined for a body that is no such event. Only names are told on: a description is a whole command, and commands hold hashes.
 * A step that failed is not the end of an install, which has its own way to say so.
 */
export function readWebhook(body: unknown): Heard | undefined {
  const { data } = event.safeParse(body)
  if (!data) return undefined
  const { name, event_type: type, result } = data
  const steps = name.split('/')
  const failed = type === 'finish' && result !== undefined && /^(?:FAIL|WARN)/i.test(result)
  const tells = failed || (type === 'start' && isStep(steps))
  if (!tells || !/^[\w ./:()-]+$/.test(name)) return 'nothing'
  return { kind: 'progress', step: `${name}${failed ? ` ended with ${result}` : ''}`.slice(0, 280) }
}

/** The steps of the install itself; what the installer asks of its own screens is noise. */
function isStep(steps: readonly string[]): boolean {
  const [program, part] = steps
  return program === 'subiquity' && (part === 'Install' || part === 'Late') && steps.length <= 4
}
