// The page of FeedBox: plain DOM on the public API. Text from users only ever becomes text nodes.

const MAX_TITLE = 100;
const MAX_CONTENT = 5000;
const USERS = 15;
const INSPECTION_POLL_MS = 300;
const INSPECTION_PATIENCE_MS = 60_000;
const UNREAD_POLL_MS = 4000;

const $ = id => document.getElementById(id);
const state = { user: Number(localStorage.getItem('feedbox.user')) || 1, view: 'inbox', categories: [], users: [], tag: null, next: null, editing: null, turn: 0, unread: null };

// ---------------------------------------------------------------- API

class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    Object.assign(this, { status, code });
  }
}

async function api(path, { method = 'GET', body, headers = {} } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { 'X-User-Id': state.user, ...(body && { 'Content-Type': 'application/json' }), ...headers },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Problem(0, 'unreachable', '');
  }
  const text = await response.text();
  let answer = null;
  try { answer = text ? JSON.parse(text) : null; } catch { /* not ours: the status says enough */ }
  if (!response.ok) throw new Problem(response.status, answer?.code ?? 'unknown', answer?.detail ?? '');
  return Object.assign(answer ?? {}, { etag: response.headers.get('ETag') });
}

const MESSAGES = {
  'unreachable': '서버에 닿지 않습니다. 잠시 뒤에 다시 해 보세요.',
  'unauthenticated': '사용자를 고르는 것은 개발 환경에서만 됩니다. 여기서는 토큰이 있어야 합니다.',
  'title-required': '제목을 적어 주세요.',
  'title-too-long': '제목은 100자까지 쓸 수 있습니다.',
  'title-invalid-text': '제목에 쓸 수 없는 문자가 들어 있습니다.',
  'content-required': '내용을 적어 주세요.',
  'content-too-long': '내용은 5,000자까지 쓸 수 있습니다.',
  'content-invalid-text': '내용에 쓸 수 없는 문자가 들어 있습니다.',
  'category-required': '카테고리를 골라 주세요.',
  'body-too-large': '글이 너무 큽니다.',
  'version-mismatch': '그사이 다른 곳에서 고친 글입니다.',
  'post-not-found': '지워졌거나 볼 수 없는 글입니다.',
  'not-the-author': '글쓴이만 할 수 있습니다.',
  'user-not-found': '없는 사용자입니다.',
  'dependency-unavailable': '사용자 팀 서비스가 지금 답하지 않습니다. 잠시 뒤에 다시 해 보세요.',
  'rate-limited': '요청이 너무 잦습니다. 조금 천천히 해 주세요.',
  'request-in-progress': '같은 요청이 아직 진행 중입니다.',
};

const explain = e => e instanceof Problem ? MESSAGES[e.code] ?? `요청이 받아들여지지 않았습니다 (${e.code}).` : '알 수 없는 문제가 생겼습니다.';

function notice(text, bad = false) {
  $('notice').textContent = text ?? '';
  $('notice').hidden = !text;
  $('notice').classList.toggle('bad', bad);
}

function fail(e) {
  if (!(e instanceof Problem)) console.error(e);
  notice(explain(e), true);
}

// ---------------------------------------------------------------- DOM

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'class') node.className = value;
    else if (name.startsWith('aria') || name === 'datetime') node.setAttribute(name.replace('aria', 'aria-').toLowerCase(), value);
    else node[name] = value;
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return node;
}

/** Text with the given spans marked. */
function highlighted({ text, spans }) {
  const parts = [];
  let at = 0;
  for (const { start, length } of spans) {
    parts.push(text.slice(at, start), el('mark', {}, text.slice(start, start + length)));
    at = start + length;
  }
  parts.push(text.slice(at));
  return parts;
}

const number = n => n.toLocaleString('ko');
const relative = new Intl.RelativeTimeFormat('ko', { numeric: 'auto' });
const absolute = new Intl.DateTimeFormat('ko', { dateStyle: 'long', timeStyle: 'short' });

function when(iso) {
  const date = new Date(iso);
  const seconds = (date - Date.now()) / 1000;
  const [value, unit] = seconds > -60 ? [0, 'second'] : seconds > -3600 ? [seconds / 60, 'minute'] : seconds > -86400 ? [seconds / 3600, 'hour'] : [seconds / 86400, 'day'];
  return el('time', { datetime: iso, title: absolute.format(date) }, unit === 'second' ? '방금' : unit === 'day' && value < -7 ? absolute.format(date) : relative.format(Math.round(value), unit));
}

const nameOf = ref => ref.name ?? `사용자 ${ref.id}`;
const categoryOf = ref => ref.name ?? state.categories.find(category => category.id === ref.id)?.name ?? '카테고리 확인 중';
const tagButtons = tags => tags.map(tag => el('button', { type: 'button', class: 'tag', onclick: () => searchTag(tag), ariaLabel: `태그 ${tag}로 검색` }, `#${tag}`));
const empty = (title, hint) => el('div', { class: 'empty card' }, el('strong', {}, title), hint);

// ---------------------------------------------------------------- Views

const STATES = { pending: '검수 중', approved: '승인됨', rejected: '거절됨' };

function card(post, { title, snippet, unread = false, state: inspection, actions = [] } = {}) {
  const text = snippet && highlighted(snippet);
  const body = el('p', { class: 'text' }, text ?? post.content);
  const long = post.content.length > Math.min(160, snippet?.text.length ?? 160) || post.content.split('\n').length > 4;
  const toggle = long && el('button', {
    type: 'button', class: 'plain', ariaExpanded: 'false',
    onclick: e => {
      const open = body.classList.toggle('open');
      if (text) body.replaceChildren(...(open ? [post.content] : text));
      e.target.textContent = open ? '접기' : '펼쳐 읽기';
      e.target.setAttribute('aria-expanded', open);
    },
  }, '펼쳐 읽기');
  return el('article', { class: `post card${unread ? ' unread' : ''}` },
    el('div', { class: 'meta' },
      el('b', {}, nameOf(post.author)), el('span', {}, categoryOf(post.category)), when(post.createdAt),
      post.edited && el('span', {}, '고침'),
      inspection && el('span', { class: `state ${inspection.state}` }, STATES[inspection.state])),
    el('h2', {}, title ?? post.title),
    body,
    inspection?.reason && el('p', { class: 'reason' }, `거절 이유: ${inspection.reason}`),
    el('div', { class: 'row' }, tagButtons(post.tags), el('span', { class: 'end row' }, toggle, actions)));
}

const views = {
  inbox: {
    path: () => '/inbox?limit=20',
    item: ({ post, readAt }) => {
      const mark = !readAt && el('button', { type: 'button', class: 'plain', onclick: () => read() }, '읽음으로 표시');
      const node = card(post, { unread: !readAt, actions: [mark] });
      const read = async () => {
        try {
          await api(`/inbox/${post.id}/read`, { method: 'PUT' });
          node.classList.remove('unread');
          mark.remove();
          await countUnread();
        } catch (e) { fail(e); }
      };
      return node;
    },
    empty: () => empty('아직 받은 글이 없습니다', '구독에서 사람을 고르면 최근 글부터 여기에 모입니다.'),
  },
  mine: {
    path: () => '/posts/mine?limit=20',
    item: post => {
      const node = card(post, {
        state: post.inspection,
        actions: [
          el('button', { type: 'button', class: 'plain', onclick: () => edit(post.id) }, '고치기'),
          el('button', { type: 'button', class: 'plain danger', onclick: e => remove(post.id, e.target, node) }, '지우기'),
        ],
      });
      return node;
    },
    empty: () => empty('아직 쓴 글이 없습니다', '글쓰기에서 첫 글을 올려 보세요.'),
  },
  search: {
    path: () => {
      const query = new URLSearchParams({ limit: 20 });
      if ($('q').value.trim()) query.set('q', $('q').value.trim());
      if ($('search-category').value) query.set('category', $('search-category').value);
      if (state.tag) query.set('tag', state.tag);
      return `/search?${query}`;
    },
    item: ({ post, title, snippet }) => card(post, { title: highlighted(title), snippet }),
    empty: () => empty('찾은 글이 없습니다', '다른 낱말로 찾거나 거르기를 풀어 보세요.'),
  },
  followings: {
    path: () => '/followings',
    all: page => {
      const followed = new Set(page.items.map(user => user.id));
      return state.users.filter(user => user.id !== state.user).map(user => {
        const button = el('button', { type: 'button', onclick: () => toggle() });
        const show = () => {
          const on = followed.has(user.id);
          button.textContent = on ? '구독 중' : '구독하기';
          button.className = on ? '' : 'primary';
          button.setAttribute('aria-pressed', on);
          button.setAttribute('aria-label', `${user.name} ${on ? '구독 끊기' : '구독하기'}`);
        };
        const toggle = async () => {
          button.disabled = true;
          try {
            const on = followed.has(user.id);
            await api(`/followings/${user.id}`, { method: on ? 'DELETE' : 'PUT' });
            on ? followed.delete(user.id) : followed.add(user.id);
            notice(on ? `${user.name} 님의 글이 받은 글에서 사라집니다.` : `${user.name} 님의 최근 글을 받은 글에 담았습니다.`);
          } catch (e) { fail(e); }
          button.disabled = false;
          show();
        };
        show();
        return el('div', { class: 'person card' }, el('div', { class: 'face', ariaHidden: 'true' }, [...user.name][0]), el('span', {}, user.name), button);
      });
    },
  },
};

/** Shows a view from its beginning; an answer that comes after the next call is dropped. */
async function show(view = state.view) {
  state.view = view;
  location.hash = view;
  const turn = ++state.turn;
  for (const button of document.querySelectorAll('[data-view]')) {
    if (button.dataset.view === view) button.setAttribute('aria-current', 'page');
    else button.removeAttribute('aria-current');
  }
  $('search').hidden = view !== 'search';
  $('search-tag').hidden = !state.tag;
  $('search-tag').textContent = state.tag ? `#${state.tag}` : '';
  $('view').setAttribute('aria-busy', 'true');
  try {
    const page = await api(views[view].path());
    if (turn !== state.turn) return;
    render(page, false);
  } catch (e) {
    if (turn !== state.turn) return;
    $('more').hidden = true;
    $('view').replaceChildren(empty('불러오지 못했습니다', el('div', {}, explain(e), el('p', {}, el('button', { type: 'button', onclick: () => show() }, '다시 해 보기')))));
  } finally {
    if (turn === state.turn) $('view').setAttribute('aria-busy', 'false');
  }
}

function render(page, append) {
  const view = views[state.view];
  const nodes = view.all ? view.all(page) : page.items.map(view.item);
  if (append) $('view').append(...nodes);
  else $('view').replaceChildren(...(nodes.length || page.next ? nodes : [view.empty()]));
  state.next = page.next;
  $('more').hidden = !page.next;
  if (page.partial) notice('사용자 팀 서비스가 느려서 이름이나 구독 정보 일부가 비어 있습니다. 글은 모두 보입니다.');
  else if (!append && !$('notice').classList.contains('bad') && $('notice').textContent.startsWith('사용자 팀')) notice(null);
}

async function more() {
  const turn = state.turn;
  try {
    const path = views[state.view].path();
    const page = await api(`${path}&cursor=${encodeURIComponent(state.next)}`);
    if (turn === state.turn) render(page, true);
  } catch (e) { fail(e); }
}

function searchTag(tag) {
  state.tag = tag;
  $('q').value = '';
  $('search-category').value = '';
  show('search');
}

async function countUnread() {
  const user = state.user;
  try {
    const { unread } = await api('/inbox/unread-count');
    if (user !== state.user) return;
    $('unread').hidden = unread === 0;
    $('unread').textContent = unread >= 100 ? '99+' : unread;
    const arrived = state.unread !== null && unread > state.unread;
    state.unread = unread;
    if (arrived && state.view === 'inbox' && scrollY < 200) show('inbox');
  } catch { /* the next round asks again */ }
}

// ---------------------------------------------------------------- Writing

function draft() {
  return { title: $('title').value, content: $('content').value, categoryId: Number($('category').value) || null };
}

function count() {
  for (const [field, max] of [['title', MAX_TITLE], ['content', MAX_CONTENT]]) {
    const length = $(field).value.length;
    $(`${field}-count`).textContent = `${number(length)} / ${number(max)}`;
    $(`${field}-count`).classList.toggle('over', length > max);
  }
}

let key = null; // One Idempotency-Key per draft: sending it again after a lost answer publishes nothing twice.

async function publish(e) {
  e.preventDefault();
  notice(null);
  const editing = state.editing;
  const began = performance.now();
  $('publish').disabled = true;
  try {
    key ??= Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
    const post = editing
      ? await api(`/posts/${editing.id}`, { method: 'PUT', body: draft(), headers: { 'If-Match': editing.etag } })
      : await api('/posts', { method: 'POST', body: draft(), headers: { 'Idempotency-Key': key } });
    leaveEditing();
    if (state.view === 'mine') show();
    await follow(post, began);
  } catch (problem) {
    fail(problem);
    if (problem.code === 'version-mismatch') await rebase(editing.id);
    else if (problem.status >= 400 && problem.status < 500 && problem.code !== 'request-in-progress') key = null;
  } finally {
    $('publish').disabled = false;
  }
}

/** Watches a post from its acceptance to its verdict. */
async function follow(post, began) {
  const user = state.user;
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)}초`;
  const accepted = el('li', { class: 'done' }, el('span', {}, `「${post.title}」 접수됨`, el('small', {}, `${seconds()} · ${post.version}번째 판`)));
  const verdict = el('li', { class: 'now' }, el('span', {}, '검수 중'));
  const delivered = el('li', {}, el('span', {}, '검색에 나타남'));
  $('progress').hidden = false;
  $('progress').replaceChildren(accepted, verdict, delivered);
  $('progress').scrollIntoView({ block: 'nearest' });

  const settle = (node, kind, text, ...details) => {
    node.className = kind;
    node.replaceChildren(el('span', {}, text, details));
  };
  while (performance.now() - began < INSPECTION_PATIENCE_MS && verdict.isConnected && user === state.user) {
    await new Promise(resolve => setTimeout(resolve, INSPECTION_POLL_MS));
    let inspection;
    try {
      inspection = await api(`/posts/${post.id}/inspection`);
    } catch (e) {
      if (e.status === 404) return settle(verdict, 'failed', '지워진 글입니다');
      continue;
    }
    if (inspection.version !== post.version) return settle(verdict, 'done', '더 새로운 판이 있습니다');
    if (inspection.state === 'pending') continue;
    if (inspection.state === 'rejected') {
      settle(verdict, 'failed', '거절됨', el('small', {}, inspection.reason));
      delivered.remove();
    } else {
      settle(verdict, 'done', '승인됨', el('small', {}, `${seconds()} 만에`), el('div', { class: 'row' }, tagButtons(inspection.tags)));
    }
    if (state.view === 'mine') show();
    if (inspection.state === 'approved') await found(post, delivered, settle, seconds);
    return;
  }
  if (verdict.isConnected) settle(verdict, 'now', '검수가 늦어지고 있습니다', el('small', {}, '글은 안전하게 보관되어 있고, 내 글에서 이어서 볼 수 있습니다.'));
}

/** The last step is said only when it is seen: the post comes up in a search. */
async function found(post, step, settle, seconds) {
  const query = new URLSearchParams({ q: post.title, limit: 50 });
  step.className = 'now';
  for (let tries = 0; tries < 30 && step.isConnected; tries++) {
    try {
      const { items } = await api(`/search?${query}`);
      if (items.some(item => item.post.id === post.id)) return settle(step, 'done', '검색에 나타남', el('small', {}, `${seconds()} 만에 · 구독자의 받은 글에도 담깁니다`));
    } catch { /* the next try asks again */ }
    await new Promise(resolve => setTimeout(resolve, INSPECTION_POLL_MS));
  }
  settle(step, 'now', '구독자와 검색에 곧 나타납니다');
}

async function edit(id) {
  try {
    const post = await api(`/posts/${id}`);
    state.editing = { id, etag: post.etag };
    notice(null);
    $('title').value = post.title;
    $('content').value = post.content;
    $('category').value = post.category.id;
    $('write-title').textContent = '글 고치기';
    $('publish').textContent = '고쳐 올리기';
    $('cancel-edit').hidden = false;
    count();
    $('title').focus();
  } catch (e) { fail(e); }
}

/** Somebody was faster: what is being written stays, and the next attempt is against what is there now. */
async function rebase(id) {
  try {
    const post = await api(`/posts/${id}`);
    state.editing = { id, etag: post.etag };
    notice(`그사이 다른 곳에서 「${post.title}」(으)로 고친 글입니다. 다시 올리면 지금 적은 글로 바뀝니다.`, true);
  } catch (e) { fail(e); }
}

function leaveEditing() {
  state.editing = null;
  key = null;
  $('title').value = '';
  $('content').value = '';
  $('write-title').textContent = '글쓰기';
  $('publish').textContent = '올리기';
  $('cancel-edit').hidden = true;
  count();
}

/** The first press asks, the second deletes. */
async function remove(id, button, node) {
  if (!button.dataset.sure) {
    button.dataset.sure = 'yes';
    button.textContent = '정말 지울까요?';
    setTimeout(() => { delete button.dataset.sure; button.textContent = '지우기'; }, 4000);
    return;
  }
  try {
    await api(`/posts/${id}`, { method: 'DELETE' });
    node.remove();
    if (state.editing?.id === id) leaveEditing();
    if (!$('view').children.length) show();
  } catch (e) { fail(e); }
}

// ---------------------------------------------------------------- Start

function options(select, first, items) {
  const chosen = select.value;
  select.replaceChildren(...(first ? [el('option', { value: '' }, first)] : []), ...items.map(item => el('option', { value: item.id }, item.name)));
  if (chosen) select.value = chosen;
}

async function loadUsers() {
  const ids = Array.from({ length: USERS }, (_, i) => i + 1);
  let names = new Map();
  let partial = true;
  try {
    const page = await api(`/users?ids=${ids}`);
    names = new Map(page.items.map(user => [user.id, user.name]));
    partial = page.partial;
  } catch (e) { fail(e); }
  state.users = ids.map(id => ({ id, name: names.get(id) ?? `사용자 ${id}` }));
  options($('user'), null, state.users);
  $('user').value = state.user;
  if (partial) setTimeout(loadUsers, 3000);
}

async function loadCategories() {
  try {
    state.categories = (await api('/categories')).items;
    options($('category'), null, state.categories);
    options($('search-category'), '모든 카테고리', state.categories);
  } catch {
    options($('category'), '카테고리를 불러오는 중', []);
    options($('search-category'), '모든 카테고리', []);
    setTimeout(loadCategories, 3000);
  }
}

async function loadAbout() {
  try {
    const { edition, inspector, version } = await api('/about');
    const judge = inspector === 'offline' ? '오프라인 규칙이 검수합니다' : inspector === 'unknown' ? '' : `${inspector} 모델이 검수합니다`;
    $('about').textContent = [judge, edition === 'standalone' ? '단독 실행판' : '전체판', version].filter(Boolean).join(' · ');
  } catch { /* said nowhere else, missed by nobody */ }
}

let typing;
$('draft').addEventListener('submit', publish);
$('draft').addEventListener('input', count);
$('cancel-edit').addEventListener('click', leaveEditing);
$('more').addEventListener('click', more);
$('search').addEventListener('submit', e => { e.preventDefault(); show('search'); });
$('q').addEventListener('input', e => { clearTimeout(typing); if (!e.isComposing) typing = setTimeout(() => show('search'), 250); });
$('q').addEventListener('compositionend', () => { clearTimeout(typing); typing = setTimeout(() => show('search'), 250); });
$('search-category').addEventListener('change', () => show('search'));
$('search-tag').addEventListener('click', () => { state.tag = null; show('search'); });
for (const button of document.querySelectorAll('[data-view]'))
  button.addEventListener('click', () => { notice(null); show(button.dataset.view); });
$('user').addEventListener('change', () => {
  state.user = Number($('user').value);
  state.unread = null;
  localStorage.setItem('feedbox.user', state.user);
  $('progress').hidden = true;
  $('progress').replaceChildren();
  leaveEditing();
  notice(null);
  countUnread();
  show();
});

count();
loadAbout();
loadCategories();
await loadUsers();
countUnread();
setInterval(() => { if (!document.hidden) countUnread(); }, UNREAD_POLL_MS);
show(location.hash.slice(1) in views ? location.hash.slice(1) : 'inbox');
