/** Why a piece of an old template cannot be said here. Never holds text of the template itself: that may be a password. */
export class Unfit extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'Unfit'
  }
}
