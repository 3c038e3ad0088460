/** The functions of the script API, read out of its typed stubs: names, signatures, what they do. */
export interface ApiFunction {
  name: string
  /** `point: str`, `value: float | bool | str`. */
  parameters: string[]
  returns: string
  text: string
}

const FUNCTION = /async def (\w+)\(([\s\S]*?)\)\s*->\s*([^\n]+):\n\s+"""([\s\S]*?)"""/g

/** Cuts at commas that stand in no bracket. */
export function split(list: string): string[] {
  const found: string[] = []
  let depth = 0
  let part = ''
  for (const letter of list) {
    if ('([{'.includes(letter)) depth += 1
    if (')]}'.includes(letter)) depth -= 1
    if (letter === ',' && depth === 0) {
      found.push(part)
      part = ''
    } else part += letter
  }
  return [...found, part].map((one) => one.replace(/\s+/g, ' ').trim()).filter(Boolean)
}

export function readStubs(stubs: string): ApiFunction[] {
  return [...stubs.matchAll(FUNCTION)].map(([, name = '', parameters = '', returns = '', text = '']) => ({
    name, parameters: split(parameters), returns: returns.trim(), text: text.replace(/^ {4}/gm, '').replaceAll('``', '').trim(),
  }))
}

export const signatureOf = (one: ApiFunction) => `${one.name}(${one.parameters.join(', ')}) → ${one.returns}`

export interface OpenCall {
  name: string
  /** Which argument is being written, from 0. */
  place: number
}

/** Places of brackets, commas and names outside strings and comments. */
function bare(text: string): string {
  return text.replace(/("""|''')[\s\S]*?(\1|$)|"(\\.|[^"\\\n])*("|(?=\n)|$)|'(\\.|[^'\\\n])*('|(?=\n)|$)|#[^\n]*/g, (found) => ' '.repeat(found.length))
}

/** The call that is being written at the end of a text. */
export function openCall(before: string): OpenCall | null {
  const text = bare(before)
  let depth = 0
  let place = 0
  for (let at = text.length - 1; at >= 0; at -= 1) {
    const letter = text[at] ?? ''
    if (')]}'.includes(letter)) depth += 1
    else if (letter === ',' && depth === 0) place += 1
    else if ('([{'.includes(letter) && depth > 0) depth -= 1
    else if ('[{'.includes(letter)) place = 0
    else if (letter === '(') {
      const name = /(\w+)\s*$/.exec(text.slice(0, at))?.[1]
      if (name) return { name, place }
      place = 0
    }
  }
  return null
}
