// Renders /openapi/v1.json for people.

const el = (tag, className, ...children) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.flat().filter(Boolean));
  return node;
};

const document_ = await (await fetch('/openapi/v1.json')).json();
const resolve = schema => schema?.$ref ? document_.components.schemas[schema.$ref.split('/').pop()] : schema;

/** An example value of a schema. */
function example(schema, depth = 0) {
  const it = resolve(schema) ?? {};
  if (it.oneOf) return example(it.oneOf.find(option => option.type !== 'null') ?? it.oneOf[0], depth);
  if (it.enum) return it.enum[0];
  const type = Array.isArray(it.type) ? it.type.find(name => name !== 'null') : it.type;
  if (depth > 6) return null;
  switch (type) {
    case 'object': return Object.fromEntries(Object.entries(it.properties ?? {}).map(([name, value]) => [name, example(value, depth + 1)]));
    case 'array': return [example(it.items, depth + 1)];
    case 'integer': case 'number': return 1;
    case 'boolean': return false;
    case 'string': return it.format === 'uuid' ? '0199a5c2-7e4b-7c1d-9f00-2f6b5a1c8e11' : it.format === 'date-time' ? '2026-03-01T00:00:00Z' : '글';
    default: return null;
  }
}

const inlineCode = text => (text ?? '').split('`').map((part, i) => i % 2 ? el('code', '', part) : part);
const json = value => el('pre', '', JSON.stringify(value, null, 2));
const bodySchema = content => Object.values(content ?? {})[0]?.schema;

function curl(method, path, operation) {
  const parts = [`curl -X ${method.toUpperCase()} '${location.origin}${path}'`];
  if (operation.security) parts.push("-H 'X-User-Id: 1'");
  for (const header of (operation.parameters ?? []).filter(parameter => parameter.in === 'header' && parameter.required))
    parts.push(`-H '${header.name}: "1"'`);
  const body = bodySchema(operation.requestBody?.content);
  if (body) parts.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(example(body))}'`);
  return el('pre', '', parts.join(' \\\n  '));
}

function describe(path, method, operation) {
  const request = bodySchema(operation.requestBody?.content);
  const answers = Object.entries(operation.responses);
  const [status, success] = answers.find(([code]) => code.startsWith('2')) ?? [];
  const answer = bodySchema(success?.content);
  return el('details', 'card',
    el('summary', '', el('span', `method ${method}`, method.toUpperCase()), el('code', '', path), el('span', '', operation.summary)),
    operation.parameters?.length && [el('h3', '', '매개변수'), el('table', '', el('tbody', '', operation.parameters.map(parameter =>
      el('tr', '', el('td', '', el('code', '', parameter.name)), el('td', '', `${parameter.in}${parameter.required ? ' · 필수' : ''}`), el('td', '', inlineCode(parameter.description))))))],
    request && [el('h3', '', '보내는 본문'), json(example(request))],
    el('h3', '', `답 ${status ?? ''}`), answer ? json(example(answer)) : el('p', '', '본문 없음'),
    el('h3', '', '거절'), el('table', '', el('tbody', '', answers.filter(([code]) => code >= '400').map(([code, response]) =>
      el('tr', '', el('td', '', code), el('td', '', inlineCode(response.description)))))),
    el('h3', '', 'curl'), curl(method, path, operation));
}

const groups = Map.groupBy(
  Object.entries(document_.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation }))),
  ({ operation }) => operation.tags?.[0] ?? '');
document.getElementById('overview').append(...inlineCode(document_.info.description));
document.getElementById('reference').append(...[...groups].flatMap(([tag, operations]) =>
  [el('h2', '', tag), ...operations.map(({ path, method, operation }) => describe(path, method, operation))]));
