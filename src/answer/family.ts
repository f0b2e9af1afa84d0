import type { Distro } from '../config/site.ts'

/** One thing that is wrong in an answer, found without running the installer. */
export interface AnswerProblem {
  /** 1-based. */
  readonly line: number
  readonly severity: 'error' | 'warning'
  readonly message: string
}

/** What an installer family needs and understands. */
export interface Family {
  readonly name: string
  /** The content type of its answers. */
  readonly type: string
  /** Kernel arguments of every install; each holds one `=` at most, so that pypxeboot reads them. */
  installArgs(distro: Distro, context: InstallContext): readonly string[]
  check(text: string, version: string): readonly AnswerProblem[]
}

/** The part of the template context that arguments are made from. */
export interface InstallContext {
  readonly answer?: { readonly url: string }
  readonly machine?: { readonly hostname?: string }
  readonly network?: { readonly domain?: string }
}
