import { call, isTruth, sized, sizeOf, truthOf, type Value } from './value.ts'

/** `a and b`, `a or b` of Python: the value is one of the operands, the first that decides; in a condition only its truth counts. */
export function junction(helper: 'and' | 'or', left: Value, right: Value): Value {
  if (left.kind === 'lost') return left
  const sure = truthOf(left)
  if (sure !== undefined) return sure === (helper === 'or') ? left : right
  const when = asCondition(left)
  const truth = call(helper, ...partsOf(helper, when), ...partsOf(helper, asCondition(right)))
  if (isTruth(left) && isTruth(right)) return truth
  const yes = helper === 'and' ? right : decided(left, true)
  const no = helper === 'and' ? decided(left, false) : right
  const value = sized({ kind: 'choice', when, yes, no, truth, size: sizeOf([when, yes, no]) })
  // Too many to write one of them, and still good for a condition.
  return value.kind === 'lost'
    ? { kind: 'choice', when: value, yes: value, no: value, truth, size: sizeOf([truth]) }
    : value
}

/** `a or b or c` is one call. */
function partsOf(helper: string, value: Value): readonly Value[] {
  return value.kind === 'call' && value.helper === helper ? value.args : [value]
}

/** Where only its truth counts. */
export function asCondition(value: Value): Value {
  return value.kind === 'choice' && value.truth ? value.truth : value
}

/** The value of an operand that is known to be true, or false. */
function decided(value: Value, is: boolean): Value {
  if (isTruth(value)) return { kind: 'literal', value: is }
  if (value.kind !== 'choice' || !value.truth) return value
  // `a and b` is true when both are, and then it is b; `a or b` is false when both are.
  const branch = is ? value.yes : value.no
  const other = is ? value.no : value.yes
  if (truthOf(other) === !is || JSON.stringify(asCondition(other)) === JSON.stringify(value.when))
    return decided(branch, is)
  return value
}
