/** Where a piece of a template stands. `source` is the file, or empty for text that has its own place. */
export interface Place {
  readonly source: string
  /** 1-based. */
  readonly line: number
  /** 0-based, as Handlebars counts. */
  readonly column?: number
}

interface Detail {
  readonly place?: Place
  /**
   * Which of the values that the call at the place was given it is about, from 0, or `written`: what is written there. The message
   * goes on after the name of that value.
   */
  readonly about?: number
}

/** Something is wrong with a template or a value; `Templates` makes a Fault of it, with the file and the machine. */
export class Complaint extends Error {
  readonly code: 'template-invalid' | 'variable-missing'
  readonly hint: string
  readonly place: Place | undefined
  readonly about: number | undefined

  constructor(
    code: 'template-invalid' | 'variable-missing',
    message: string,
    hint: string,
    { place, about }: Detail = {},
  ) {
    super(message)
    this.code = code
    this.hint = hint
    this.place = place
    this.about = about
  }

  /** The same at a place, unless it has one already. */
  at(place: Place): Complaint {
    if (this.place) return this
    return new Complaint(this.code, this.message, this.hint, {
      place,
      ...(this.about !== undefined && { about: this.about }),
    })
  }
}

/** A template is wrong: a whole sentence. */
export function wrong(message: string, hint: string, place?: Place): Complaint {
  return new Complaint('template-invalid', message, hint, place && { place })
}

/** A value cannot be written: what follows its name. The value itself stays out, because it may be secret. */
export function unfit(message: string, hint = 'mend the value in the site', about = 0): Complaint {
  return new Complaint('template-invalid', message, hint, { about })
}

/** A Complaint's `about` for the value that is written at a place. */
export const written = -1

export function missing(about: number): Complaint {
  const hint =
    'give it one in vars of the machine, its profile, its group or the site, or write {{default name "value"}}'
  return new Complaint('variable-missing', 'has no value', hint, { about })
}
