import type { Program } from '../boot/program.ts'
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
  /** Kernel arguments of every install. pypxeboot only reads those that hold one `=` at most. */
  installArgs(distro: Distro, context: InstallContext): readonly string[]
  /** The same for a live profile, which wipes nothing; undefined: a live system of this family reads no answer. */
  liveArgs?(distro: Distro, context: InstallContext): readonly string[]
  /** How a distro of this family is started where it is no Linux kernel; its arguments are in here, then. */
  program?(distro: Distro, context: InstallContext): Program
  /** What templates find as `medium`, out of files that lie beside the kernel. Throws `file-missing`. */
  medium?(distro: Distro, read: (name: string) => string): Readonly<Record<string, unknown>>
  /** What is asked for below `answer.url`, by name; the URL itself is always the profile's answer. */
  readonly parts?: Readonly<Record<string, Part>>
  /**
   * Makes of what the templates wrote what the installer reads; `accept` is the header of that name. Where there are problems there is
   * no text.
   */
  make?(
    text: string,
    accept: string | undefined,
  ): { readonly text: string } | { readonly problems: readonly AnswerProblem[] }
  check(text: string, version: string): readonly AnswerProblem[]
}

/** One file of an answer that is a directory. */
export interface Part {
  readonly type: string
  /** Lines end as DOS wants them. */
  readonly dos?: true
  /**
   * `answer`: what the profile names. Else a template that is shipped, or `empty`; a file of the part's name and `.hbs` beside the
   * profile's answer takes the place of both.
   */
  readonly from: 'answer' | 'empty' | { readonly template: string }
}

/** The part of the template context that arguments are made from. */
export interface InstallContext {
  readonly answer?: { readonly url: string }
  readonly machine?: { readonly hostname?: string }
  readonly network?: { readonly domain?: string }
  readonly server?: { readonly url: string }
  readonly vars?: Readonly<Record<string, unknown>>
}

/** What a check calls: line, message. */
export type Say = (line: number, message: string, severity?: AnswerProblem['severity']) => undefined

/** Runs a check that says what it finds. */
export function problemsOf(check: (say: Say) => void): readonly AnswerProblem[] {
  const problems: AnswerProblem[] = []
  check((line, message, severity = 'error') => {
    problems.push({ line, severity, message })
    return undefined
  })
  return problems
}
