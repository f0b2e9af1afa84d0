import type { Forecast, ForecastName, ForecastVar } from '../api/explain.ts'
import { indent, paint, table } from './print.ts'

/** A forecast for a person: the reply, the names, the menu, the kernel line, the answer, the values. */
export function explainText(forecast: Forecast): string {
  const {
    machine,
    firmware,
    profile,
    plan,
    dhcp,
    names,
    menu,
    kernel,
    answer,
    vars,
    problems,
    assumed,
    warnings = [],
  } = forecast
  const beside = forecast.parts ?? []
  const heading = (text: string): string => `\n${paint('bold', text)}`
  const parts = [
    `${paint('bold', machine)} with ${firmware}${profile === undefined ? '' : `, profile ${profile}`}`,
    ...(assumed === undefined ? [] : [assumed]),
    `plan: ${paint('bold', plan.do)} because ${plan.why}`,
    heading('DHCP reply'),
    indent(dhcp.length > 0 ? dhcp.join('\n') : 'none: DHCP is off in this site', '  '),
    heading('Names asked for, in order'),
    indent(names.length > 0 ? table(names.map(nameRow)) : 'none', '  '),
  ]
  if (menu !== undefined) parts.push(heading('Menu'), indent(menu, '  '))
  if (kernel !== undefined) parts.push(heading('Kernel line'), indent(kernel, '  '))
  if (answer !== undefined) parts.push(heading('Answer'), indent(answer, '  '))
  for (const { name, text } of beside) parts.push(heading(`Answer, ${name}`), indent(text, '  '))
  if (vars.length > 0) parts.push(heading('Values'), indent(table(vars.map(varRow)), '  '))
  if (problems.length > 0) parts.push(heading('Problems'), indent(problems.join('\n'), '  '))
  if (warnings.length > 0) parts.push(heading('Warnings'), indent(warnings.join('\n'), '  '))
  return parts.join('\n')
}

function nameRow({ name, found, bytes, why }: ForecastName): string[] {
  return [
    found ? paint('green', 'hit ') : paint('dim', 'miss'),
    name,
    bytes === undefined ? '' : `${bytes} bytes`,
    why ?? '',
  ]
}

function varRow({ name, value, from, file, line }: ForecastVar): string[] {
  const place = file === undefined ? '' : ` (${line === undefined ? file : `${file}:${line}`})`
  return [name, JSON.stringify(value), `${from}${place}`]
}
