/** One thing that is wrong with what a machine would get. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly machine?: string
  readonly message: string
  readonly file?: string
  readonly line?: number
  readonly hint?: string
}
