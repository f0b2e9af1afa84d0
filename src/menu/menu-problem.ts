/** One thing in a PXELINUX menu that pypxeboot reads otherwise than PXELINUX does. */
export interface MenuProblem {
  /** `error`: pypxeboot dies or loses a value. `warning`: it boots, but not quite as metal does. */
  readonly severity: 'error' | 'warning'
  readonly file: string
  /** 1-based. */
  readonly line: number
  readonly message: string
  readonly hint: string
}

/** What a finder of problems calls: message, hint. */
export type Complain = (severity: MenuProblem['severity'], line: number, message: string, hint: string) => void
