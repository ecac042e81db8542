// The coupon section of the page: open an event, watch it, ask, use. Plain DOM on the public API.

const POLL_MS = 1000;
const EVENTS = 3;
const CROWD = 1000;
const FIRST_OF_CROWD = 10_001;

const section = document.getElementById('coupons');
const chosen = document.getElementById('user');
const me = () => chosen.value || localStorage.getItem('feedbox.user') || '1';
const number = n => n.toLocaleString('ko');
const time = new Intl.DateTimeFormat('ko', { timeStyle: 'short' });

const MESSAGES = {
  'accepted': '쿠폰을 받았습니다. 곧 내 쿠폰에 나타납니다.',
  'already-requested': '이미 받은 쿠폰입니다. 한 사람이 한 장씩 받습니다.',
  'sold-out': '모두 나갔습니다.',
  'not-open': '아직 열리지 않았습니다.',
  'closed': '끝난 이벤트입니다.',
  'used': '쿠폰을 썼습니다.',
  'already-used': '이미 쓴 쿠폰입니다.',
  'expired': '기한이 지난 쿠폰입니다.',
  'name-required': '이벤트 이름을 적어 주세요.',
  'name-too-long': '이름은 100자까지 쓸 수 있습니다.',
  'limit-out-of-range': '수량은 1장부터 100,000장까지입니다.',
  'closesAt-too-early': '여는 시간은 1분 이상이어야 합니다.',
  'dependency-unavailable': '줄을 다시 세우는 중입니다. 잠시 뒤에 다시 눌러 주세요.',
  'rate-limited': '요청이 너무 잦습니다. 조금 천천히 해 주세요.',
  'unreachable': '서버에 닿지 않습니다.',
};

/** The answer's status code word: "accepted", or the problem's code. */
async function call(path, { method = 'GET', body, user = me() } = {}) {
  try {
    const response = await fetch(path, {
      method,
      headers: { 'X-User-Id': user, ...(body && { 'Content-Type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json();
    return { ok: response.ok, code: answer.code ?? answer.status, answer };
  } catch {
    return { ok: false, code: 'unreachable', answer: null };
  }
}

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) name.startsWith('on') ? node.addEventListener(name.slice(2), value) : node[name] = value;
  node.append(...children.filter(child => child));
  return node;
}

const say = code => { said.textContent = MESSAGES[code] ?? `요청이 받아들여지지 않았습니다 (${code}).`; };

// ---------------------------------------------------------------- Events

const rows = new Map();

function row(event) {
  const count = el('output', { className: 'count' });
  const bar = el('progress', { max: event.limit, ariaLabel: `${event.name} 나간 수` });
  const until = el('small');
  const ask = el('button', { type: 'button', className: 'primary', onclick: () => request(event, ask) }, '쿠폰 받기');
  const crowd = el('button', { type: 'button', onclick: () => stampede(event, crowd) }, `${number(CROWD)}명 동시 요청`);
  const node = el('article', { className: 'coupon-event' }, el('div', { className: 'field' }, el('span', {}, el('b', {}, event.name), count), bar, until), el('div', { className: 'actions' }, ask, crowd));
  return {
    node,
    update({ opensAt, closesAt, limit, accepted, remaining }) {
      const now = Date.now();
      const [early, over, gone] = [now < new Date(opensAt), now >= new Date(closesAt), remaining === 0];
      count.textContent = `${accepted === null ? '–' : number(accepted)} / ${number(limit)}`;
      bar.value = accepted ?? 0;
      until.textContent = over ? '끝났습니다' : early ? `${time.format(new Date(opensAt))}에 엽니다` : gone ? '모두 나갔습니다' : `${time.format(new Date(closesAt))}까지`;
      ask.hidden = over;
      ask.disabled = early;
      crowd.hidden = over || early || !operator;
    },
  };
}

async function request(event, button) {
  button.disabled = true;
  const { code } = await call(`/coupon-events/${event.id}/requests`, { method: 'POST' });
  button.disabled = false;
  say(code);
  await refresh();
  if (code === 'accepted') setTimeout(refresh, 500);
}

/** Everybody at once: what each was told is counted, as the demonstration it is. */
async function stampede(event, button) {
  button.disabled = true;
  const began = performance.now();
  const told = new Map();
  await Promise.all(Array.from({ length: CROWD }, async (_, i) => {
    const { code } = await call(`/coupon-events/${event.id}/requests`, { method: 'POST', user: String(FIRST_OF_CROWD + i) });
    told.set(code, (told.get(code) ?? 0) + 1);
  }));
  button.disabled = false;
  const names = { 'accepted': '받음', 'already-requested': '이미 받음', 'sold-out': '매진', 'dependency-unavailable': '다시 하라고 함' };
  said.textContent = `${number(CROWD)}명이 ${((performance.now() - began) / 1000).toFixed(1)}초 동안 요청: ${[...told].map(([code, n]) => `${names[code] ?? code} ${number(n)}`).join(', ')}`;
  await refresh();
}

async function open(e) {
  e.preventDefault();
  const closesAt = new Date(Date.now() + Number(minutes.value) * 60_000);
  const { ok, code } = await call('/coupon-events', { method: 'POST', body: { name: name.value, limit: Number(limit.value), closesAt } });
  if (!ok) return say(code);
  name.value = '';
  said.textContent = '이벤트를 열었습니다.';
  await refresh();
}

// ---------------------------------------------------------------- My coupons

async function use(id) {
  const { ok, code } = await call(`/coupons/${id}/use`, { method: 'POST' });
  say(ok ? 'used' : code);
  await refresh();
}

function showMine(coupons) {
  mine.replaceChildren(...coupons.map(coupon => el('div', { className: 'row' },
    el('span', {}, `${coupon.eventName} `, el('small', {}, `${number(coupon.sequence)}번째 · ${time.format(new Date(coupon.expiresAt))}까지`)),
    el('span', { className: 'end' }, el('button', { type: 'button', ariaLabel: `${coupon.eventName} 쿠폰 쓰기`, onclick: () => use(coupon.id) }, '쓰기')))));
  if (!coupons.length) mine.append(el('small', {}, '쓸 수 있는 쿠폰이 없습니다.'));
}

// ---------------------------------------------------------------- Live

let operator = false;
let shown = '';

async function refresh() {
  const user = me();
  const [events, coupons] = await Promise.all([call(`/coupon-events?limit=${EVENTS}`), call('/coupons')]);
  if (user !== me()) return;
  section.hidden = !events.ok || (!events.answer.items.length && !operator);
  if (events.ok) {
    for (const event of events.answer.items) {
      if (!rows.has(event.id)) rows.set(event.id, row(event));
      rows.get(event.id).update(event);
    }
    const ids = events.answer.items.map(event => event.id).join();
    if (ids !== shown) list.replaceChildren(...events.answer.items.map(event => rows.get(event.id).node));
    shown = ids;
  }
  const key = coupons.ok && JSON.stringify(coupons.answer.items);
  if (coupons.ok && key !== mine.dataset.shown) {
    mine.dataset.shown = key;
    showMine(coupons.answer.items);
  }
}

async function changeUser() {
  said.textContent = '';
  operator = (await call('/ops/pipeline')).ok;
  form.hidden = !operator;
  await refresh();
}

const said = el('p', { role: 'status' });
const list = el('div');
const mine = el('div');
const name = el('input', { autocomplete: 'off', placeholder: '봄맞이 20% 할인' });
const limit = el('input', { type: 'number', min: 1, max: 100_000, value: 100 });
const minutes = el('input', { type: 'number', min: 1, value: 30 });
const form = el('details', { hidden: true }, el('summary', {}, '새 이벤트 열기'), el('form', { noValidate: true, onsubmit: open },
  el('label', { className: 'field' }, el('span', {}, '이름'), name),
  el('label', { className: 'field' }, el('span', {}, '수량'), limit),
  el('label', { className: 'field' }, el('span', {}, '여는 시간(분)'), minutes),
  el('div', { className: 'actions' }, el('button', { className: 'primary' }, '열기'))));

section.append(el('h2', {}, '선착순 쿠폰'), list, said, el('h3', {}, '내 쿠폰'), mine, form);
chosen.addEventListener('change', changeUser);
await changeUser();
setInterval(() => { if (!document.hidden) refresh(); }, POLL_MS);
