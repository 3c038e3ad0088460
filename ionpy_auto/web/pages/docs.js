// Lists the operations of /schema without any library. Texts are set as text, never as HTML.
const METHODS = ['get', 'post', 'put', 'patch', 'delete']

function element(tag, text = '', className = '') {
  const made = document.createElement(tag)
  made.textContent = text
  made.className = className
  return made
}

function nameOf(schema) {
  if (!schema) return ''
  if (schema.$ref) return schema.$ref.split('/').pop()
  if (schema.oneOf || schema.anyOf) return (schema.oneOf ?? schema.anyOf).map(nameOf).join(' | ')
  if (schema.type === 'array') return `${nameOf(schema.items)}[]`
  if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join(' | ')
  return Array.isArray(schema.type) ? schema.type.join(' | ') : schema.type ?? ''
}

function fieldTable(caption, rows) {
  const table = element('table')
  table.append(element('caption', caption))
  for (const [name, type, note] of rows) {
    const row = table.insertRow()
    row.append(element('th', name), element('td', type, 'type'), element('td', note))
  }
  return table
}

function bodyRows(schema, all) {
  const found = schema?.$ref ? all[nameOf(schema)] : schema
  const required = new Set(found?.required ?? [])
  return Object.entries(found?.properties ?? {}).map(([name, field]) => [
    name, nameOf(field), [required.has(name) ? 'required' : '', field.description ?? ''].filter(Boolean).join(' · '),
  ])
}

function operationCard(path, method, operation, schemas) {
  const card = element('details', '', `operation ${method}`)
  card.id = operation.operationId
  const head = element('summary')
  head.append(element('b', method.toUpperCase()), element('code', path), element('span', operation.summary ?? ''))
  card.append(head)
  if (operation.description) card.append(element('p', operation.description))
  const parameters = (operation.parameters ?? []).map((one) => [
    one.name, nameOf(one.schema), [one.in, one.required ? 'required' : ''].filter(Boolean).join(' · '),
  ])
  if (parameters.length) card.append(fieldTable('Parameters', parameters))
  const body = operation.requestBody?.content?.['application/json']?.schema
  if (body) card.append(fieldTable(`Body ${nameOf(body)}`, bodyRows(body, schemas)))
  card.append(fieldTable('Answers', Object.entries(operation.responses ?? {}).map(([code, answer]) => [code, '', answer.description ?? ''])))
  return card
}

function show(schema) {
  const groups = new Map()
  for (const [path, item] of Object.entries(schema.paths)) {
    for (const method of METHODS.filter((word) => item[word])) {
      const tag = item[method].tags?.[0] ?? 'other'
      if (!groups.has(tag)) groups.set(tag, [])
      groups.get(tag).push(operationCard(path, method, item[method], schema.components?.schemas ?? {}))
    }
  }
  const main = document.getElementById('operations')
  for (const [tag, cards] of [...groups].sort(([a], [b]) => a.localeCompare(b))) {
    const section = element('section')
    section.append(element('h2', tag), ...cards)
    main.append(section)
  }
  const about = document.getElementById('about')
  about.replaceChildren(`Version ${schema.info.version}; machine-readable: `)
  const link = element('a', '/schema')
  link.href = '/schema'
  about.append(link)
}

function filter(text) {
  for (const card of document.querySelectorAll('.operation')) {
    card.hidden = !card.textContent.toLowerCase().includes(text.toLowerCase())
  }
  for (const section of document.querySelectorAll('section')) {
    section.hidden = !section.querySelector('.operation:not([hidden])')
  }
}

document.getElementById('search').addEventListener('input', (event) => filter(event.target.value))
fetch('/schema')
  .then((answer) => answer.json())
  .then(show)
  .catch((error) => { document.getElementById('about').textContent = `The description cannot be read: ${error}` })
