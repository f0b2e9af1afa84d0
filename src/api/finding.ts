import { Fault } from '../fault.ts'

/** One thing that is wrong with what a machine would get. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly machine?: string
  readonly message: string
  readonly file?: string
  readonly line?: number
  readonly hint?: string
}

/** What a piece of work finds wrong; a Fault that it throws is a finding too. */
export function collect(machine: { readonly name: string }, work: () => Finding[]): Finding[] {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const { file, line, field, hint } = error.detail
    const place = {
      ...(file !== undefined && { file }),
      ...(line !== undefined && { line }),
      ...(hint !== undefined && { hint }),
    }
    return [
      {
        severity: 'error',
        machine: machine.name,
        message: field === undefined ? error.message : `${field}: ${error.message}`,
        ...place,
      },
    ]
  }
}

export function raise(error: unknown): never {
  throw error
}
