// A chat on the client that everybody can use: /public/earshot.js. Text is never markup here.
import { Earshot } from './earshot.js';

// The root of the server, also where a proxy shows it under a path of its own.
const site = new URL(import.meta.url.replace(/(public\/)+[^/]*$/, ''));
const $ = (id) => document.getElementById(id);
const rooms = new Map(); // by name: what is shown of each
const MOST = 500; // lines of a room that are kept
const PAST = 50; // messages from before one came, which are shown first
const CLOSE = 5 * 60_000; // messages of somebody within this time are one group, in milliseconds
const TYPING = 4_000; // how long a signal that somebody types is true, in milliseconds
const who = stored(localStorage, 'login') ?? {}; // the name of this browser's user, and the last token
let current; // the one of these rooms that is shown
const before = stored(sessionStorage, 'rooms') ?? []; // a reload forgets nothing
const first = byLink() ?? before.find((each) => each.shown) ?? { name: await homeName() }; // before one is connected, or one would come in twice
if (!who.isAnswered && await canBeNamed()) await askName();
// Rooms have tokens of their own. A function without parameters gives the login, at each connect.
const client = new Earshot(site, { token: (...room) => (room.length ? undefined : login()) });

/** The room that the address names, and what lets one in. */
function byLink() {
  const [name, ...more] = location.hash.slice(1).split('&');
  const token = more.find((each) => each.startsWith('token='))?.slice(6);
  try {
    return name ? { name: decodeURIComponent(name), token } : undefined;
  } catch {
    return undefined; // a link that was cut
  }
}

function stored(storage, key) {
  try {
    return JSON.parse(storage.getItem(`earshot.${key}`)) ?? undefined;
  } catch {
    return undefined; // a browser may forbid it
  }
}

function store(storage, key, value) {
  try {
    storage.setItem(`earshot.${key}`, JSON.stringify(value));
  } catch { /* then it is asked for again */ }
}

/** The name of the room that is everybody's. */
async function homeName() {
  for (;;) {
    const answer = await fetch(new URL('api/status', site)).then((response) => response.json()).catch(() => ({}));
    if (answer.defaultRoom) return answer.defaultRoom;
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
  }
}

/** An element with a text. */
function make(tag, text, className = '') {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

// ---- the name of the user: a development login, which the server gives where nobody else does -------
function askServer(more) {
  return fetch(new URL('development-login', site), { cache: 'no-store', ...more });
}

async function canBeNamed() {
  return askServer().then((answer) => answer.json()).then(({ available }) => available).catch(() => false);
}

/** A token for the name; the id stays the one of the token before. */
async function fresh(name) {
  const body = JSON.stringify({ name, token: who.token });
  const answer = await askServer({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { token, detail } = await answer.json();
  if (token) return token;
  throw Object.assign(new Error(detail), { status: answer.status });
}

async function login() {
  if (!who.name) return undefined;
  try {
    keep({ token: await fresh(who.name) });
    return who.token;
  } catch (error) {
    if (error.status === 404) return undefined; // the server gives no logins any more
    throw error;
  }
}

function keep(more) {
  store(localStorage, 'login', Object.assign(who, more));
}

/** Asks for a name, until there is one or the user wants none. */
function askName() {
  $('called').value = who.name ?? '';
  $('wrong').textContent = '';
  $('who').showModal();
  return new Promise((done) => {
    const end = (more) => {
      keep({ isAnswered: true, ...more });
      $('who').close();
    };
    $('naming').onsubmit = async (event) => {
      event.preventDefault();
      const name = $('called').value.trim();
      if (!name) return;
      await fresh(name).then((token) => end({ name, token }), (error) => { $('wrong').textContent = error.message; });
    };
    $('skip').onclick = () => end({ name: undefined, token: undefined });
    $('who').oncancel = () => keep({ isAnswered: true });
    $('who').onclose = done;
  });
}

$('me').onclick = async () => {
  const { name } = who;
  await askName();
  if (who.name !== name) location.reload(); // a connection has one user; the rooms are kept
};

// ---- who somebody is: ids are long, so that each gets a name, which is the same on every page --------
const KINDS = ('amber brave calm dapper early fuzzy gentle happy ideal jolly kind lucky merry noble olive proud'
  + ' quick rosy shy tidy urban vivid wise young zesty azure bold coral dusty eager fond grand').split(' ');
const BEASTS = ('badger bat crane deer eagle fox goat hare ibis jay koala lynx mole newt otter puffin'
  + ' quail robin seal toad urchin vole wren yak zebra heron owl stork mink moth crab finch').split(' ');
const named = new Map(); // who has a name here; a second one gets the end of the id as well

function nameOf(id) {
  const number = parseInt(id.slice(0, 4), 16);
  const name = `${KINDS[number & 31]} ${BEASTS[number >> 5 & 31]}`;
  if (!named.has(name)) named.set(name, id);
  return named.get(name) === id ? name : `${name} ${id.slice(-3)}`;
}

/** The name of somebody: of a user, or of a connection that has not logged in. */
function called(id, user) {
  return user ? user.name ?? user.id : /^[0-9a-f]{32,40}$/.test(id) ? nameOf(id) : id || 'the server';
}

const isMe = (id, user) => (user ? user.id === client.user?.id : id === client.id);

function person(id, user) {
  const element = make('b', isMe(id, user) ? 'you' : called(id, user));
  element.title = String(user?.id ?? id ?? '');
  element.dir = 'auto';
  const hue = [...element.title].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7) % 6;
  element.className = isMe(id, user) ? 'me' : user || id ? `hue${hue}` : '';
  return element;
}

// ---- lines ------------------------------------------------------------------------------------------
function setTime(element, when) {
  const date = new Date(when);
  element.dateTime = date.toISOString();
  element.textContent = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

const dayOf = (when) => new Date(when).toDateString();

/** The day of a line, if it is another one than that of the line before. */
function dayLine(view, when) {
  const last = view.lines.at(-1)?.when ?? Date.now();
  if (dayOf(when) === dayOf(last)) return;
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  const day = dayOf(when) === dayOf(Date.now()) ? 'Today' : dayOf(when) === dayOf(yesterday) ? 'Yesterday'
    : new Date(when).toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
  put(view, Object.assign(make('li', day, 'day'), { when }));
}

/** Adds a line at the end; one of the same person soon after the last belongs to that. */
function put(view, item) {
  const last = view.lines.at(-1);
  item.classList.toggle('more', !!item.by && last?.by === item.by && item.when - last.when < CLOSE);
  view.lines.push(item);
  if (view.lines.length > MOST) view.lines.shift().remove();
  if (view === current) $('messages').append(item);
}

function line(view, kind, when, ...parts) {
  dayLine(view, when);
  const time = document.createElement('time');
  setTime(time, when);
  const item = Object.assign(make('li', '', kind), { when });
  item.append(...parts, time);
  put(view, item);
  return item;
}

/** A text as people write it, with links that can be followed. */
function textOf(text) {
  const element = make('span', '', 'text');
  element.dir = 'auto';
  for (const part of text.split(/(\bhttps?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]}])/i)) {
    if (/^https?:\/\//i.test(part) && URL.canParse(part)) {
      element.append(Object.assign(make('a', part), { href: part, rel: 'noopener noreferrer', target: '_blank' }));
    } else if (part) element.append(part);
  }
  return element;
}

/** A message. One that is here already, such as from before a gap, is not shown again. */
function said(view, { message, from, user, sentAt, recovered, history, epoch, offset }) {
  const place = `${epoch}:${offset}`;
  if (view.places.has(place)) return;
  view.places.add(place);
  typing(view, user?.id ?? from, false);
  const own = isMe(from, user);
  dayLine(view, sentAt);
  const item = Object.assign(make('li', '', `${own ? 'own' : 'other'}${recovered ? ' late' : ''}`), { when: sentAt, by: user?.id ?? from });
  const time = document.createElement('time');
  setTime(time, sentAt);
  item.append(person(from, user), textOf(words(message)), time);
  const isAway = view === current && $('log').scrollTop < -40;
  put(view, item);
  begun(view);
  if (history || own) return;
  if (view !== current || document.hidden) unread(view, view.unread + 1);
  if (isAway) showNew(view.below + 1);
}

/** Somebody has said something, so the room does not look empty any more. */
function begun(view) {
  view.isBegun = true;
  if (view === current) showEmpty();
}

/** What had to wait was said after all that is here already. */
function move(view, item) {
  setTime(item.querySelector('time'), item.when = Date.now());
  const next = view.lines[view.lines.indexOf(item) + 1];
  next?.classList.remove('more');
  view.lines = view.lines.filter((other) => other !== item);
  put(view, item);
}

/** How many messages are below what one reads. */
function showNew(count) {
  current.below = count;
  $('new').hidden = !count;
  $('new').textContent = `${count} new message${count === 1 ? '' : 's'} ↓`;
}

function toEnd() {
  $('log').scrollTop = 0;
  showNew(0);
}
$('log').onscroll = () => $('log').scrollTop > -40 && current?.below && showNew(0);
$('new').onclick = () => {
  toEnd();
  $('log').focus();
};

// ---- who types --------------------------------------------------------------------------------------
function typing(view, key, isTyping, name) {
  clearTimeout(view.typing.get(key)?.timer);
  view.typing.delete(key);
  if (isTyping) view.typing.set(key, { name, timer: setTimeout(() => typing(view, key, false), 2 * TYPING) });
  if (view === current) showTyping();
}

function showTyping() {
  const names = [...current.typing.values()].map(({ name }) => name);
  const text = names.length > 2 ? 'Several people are typing…' : names.length ? `${names.join(' and ')} ${names.length > 1 ? 'are' : 'is'} typing…` : '';
  $('typing').textContent = text;
}

/** Tells the room that one types, now and then, or does not any more. */
function tellTyping(view, isTyping) {
  const now = performance.now();
  if (view.listen || view.is !== 'in' || (isTyping ? now - view.toldTyping < TYPING : view.toldTyping === -Infinity)) return;
  view.toldTyping = isTyping ? now : -Infinity;
  view.room.signal({ typing: isTyping }, { kind: 'typing' }).catch(() => {}); // a rule may forbid it
}

const told = (view, text, kind = 'told') => line(view, kind, Date.now(), text);
const words = (message) => (typeof message === 'string' ? message : JSON.stringify(message));
const messages = (count) => `${count} missed message${count === 1 ? '' : 's'}`;

function notice(text) {
  $('notice').textContent = text;
  $('notice').hidden = false;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => { $('notice').hidden = true; }, 4000);
}

// ---- rooms ------------------------------------------------------------------------------------------
/** Private rooms have names that nobody can read. */
const titleOf = ({ name }) => name.replace(/^private\.([0-9a-f]{4})[0-9a-f]{28}$/, 'private room $1');

function enter(name, { token, listen = false, hidden = false } = {}) {
  if (client.state === 'closed') return notice('Reload the page to come back');
  const view = rooms.get(name) ?? add(name);
  if (view.room && view.is !== 'over' && (listen || !view.listen)) return show(view);
  Object.assign(view, { token: token ?? view.token, listen, is: 'entering' });
  view.button.className = listen ? 'ear' : '';
  const options = { history: PAST, token: view.token };
  const room = view.room = listen ? client.listen(name, options) : client.join(name, { presence: true, ...options });
  room.on('message', (message) => said(view, message));
  room.on('join', ({ from, user, sentAt }) => line(view, 'moved', sentAt, person(from, user), 'came in'));
  room.on('leave', ({ from, user, sentAt }) => {
    typing(view, user?.id ?? from, false);
    line(view, 'moved', sentAt, person(from, user), 'left');
  });
  room.on('signal', ({ from, user, kind, signal }) => kind === 'typing' && !isMe(from, user)
    && typing(view, user?.id ?? from, signal?.typing === true, called(from, user)));
  room.on('presence', () => view === current && showMembers());
  room.on('recovered', ({ count }) => told(view, count ? `${messages(count)} recovered` : 'Back; nothing was missed', 'told back'));
  room.on('gap', ({ missed }) => (missed === 0
    ? told(view, 'Back; nothing was missed', 'told back')
    : told(view, `${missed ? messages(missed) : 'What was said meanwhile'} could not be recovered`, 'lost')));
  const refused = (error) => view.room === room && over(view, error.message);
  room.on('error', refused);
  room.joined.then(() => {
    if (view.room !== room || view.is !== 'entering') return;
    view.is = 'in';
    if (view === current) show(view);
  }, refused);
  if (!hidden) show(view);
  keepRooms();
}

/** For a reload of the page. */
function keepRooms() {
  store(sessionStorage, 'rooms', [...rooms.values()].map(({ name, token, listen }) => ({ name, token, listen, shown: name === current?.name })));
}

/** A room that was not known here. */
function add(name) {
  const view = {
    name, lines: [], places: new Set(), typing: new Map(), toldTyping: -Infinity, below: 0, draft: '', item: document.createElement('li'), button: make('button', ''),
  };
  rooms.set(name, view);
  view.button.title = name;
  view.button.onclick = () => {
    show(view);
    menu(false);
    write();
  };
  view.item.append(view.button);
  $('rooms').append(view.item);
  unread(view, 0);
  return view;
}

function over(view, why) {
  if (view.is === 'over') return;
  view.is = 'over';
  told(view, `You are not in this room: ${why}`, 'error');
  if (view === current) show(view);
}

function leave(view) {
  view.is = 'over';
  rooms.delete(view.name);
  view.item.remove();
  view.room.leave();
  keepRooms();
}

function show(view) {
  const log = $('log');
  if (view !== current) {
    if (current) {
      current.draft = $('text').value;
      tellTyping(current, false);
    }
    const isFirst = !current;
    $('text').value = view.draft;
    current = view;
    address(view, isFirst);
    keepRooms();
    unread(view, 0);
    showTyping();
    grow();
    log.ariaLive = 'off'; // what is here already is no news
    $('messages').replaceChildren(...view.lines);
    toEnd();
    requestAnimationFrame(() => { log.ariaLive = 'polite'; });
  }
  const title = titleOf(view);
  $('name').textContent = title;
  $('name').title = view.name;
  const hint = view.is === 'over' ? 'You are not in this room' : view.listen ? 'You only listen here' : 'Say something to the room';
  $('text').placeholder = hint;
  $('text').disabled = $('say').disabled = view.is === 'over' || view.listen;
  showTitle();
  showEmpty();
  rooms.forEach((each) => each.button.removeAttribute('aria-current'));
  view.button.setAttribute('aria-current', 'true');
  view.item.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  showMembers();
  showState();
}

/** Puts a room into the address bar; the room before is one step back. */
function address(view, isFirst) {
  const to = `#${encodeURIComponent(view.name)}${view.token ? `&token=${view.token}` : ''}`;
  if (isFirst || byLink()?.name === view.name) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
}

function showTitle() {
  const count = [...rooms.values()].reduce((sum, view) => sum + view.unread, 0);
  document.title = `${count ? `(${count}) ` : ''}${current ? `${titleOf(current)} · ` : ''}Earshot`;
  $('menu').classList.toggle('unread', count > 0);
}

function showEmpty() {
  $('empty').hidden = !!current.isBegun || current.is !== 'in';
  const text = current.listen ? 'No messages yet. What people say in this room appears here.'
    : 'No messages yet. Write the first one, or copy the link and send it to somebody: who opens it is in this room.';
  if ($('empty').textContent !== text) $('empty').textContent = text;
}

function unread(view, count) {
  view.unread = count;
  showTitle();
  view.button.replaceChildren(Object.assign(make('span', titleOf(view)), { dir: 'auto' }));
  if (!count) return;
  const mark = make('mark', count);
  mark.append(make('i', ' unread', 'hidden'));
  view.button.append(mark);
}

function showMembers() {
  const here = current.is === 'over' ? null : current.room.present;
  const all = [...here ?? []].map((each) => (each.id ? each : { id: each })).sort((a, b) => isMe(b.id, b.user) - isMe(a.id, a.user));
  $('count').textContent = here ? `(${all.length})` : '';
  $('members').replaceChildren(...all.slice(0, 200).map(({ id, user }) => {
    const item = document.createElement('li');
    item.append(person(id, user));
    return item;
  }));
}

const STATES = { connecting: 'connecting…', reconnecting: 'connection lost, reconnecting…', closed: 'disconnected' };
let isOffline = !navigator.onLine; // as the browser says, which does not know of servers on the same machine
function showState() {
  document.body.dataset.state = isOffline ? 'offline' : client.state;
  const how = current && { entering: 'entering', over: 'not in', in: current.listen ? 'listening to' : 'in' }[current.is];
  const text = isOffline ? 'you are offline' : STATES[client.state] ?? (how ? `${how} ${titleOf(current)}` : 'connected');
  if ($('state').textContent !== text) $('state').textContent = text; // or it would be read out again
  $('me').hidden = !('user' in client) || (who.isAnswered !== true);
  $('me').textContent = client.user?.name ?? 'Choose a name';
  $('me').title = client.user ? 'Change your name' : '';
}
window.ononline = () => {
  isOffline = false;
  showState();
};
window.onoffline = () => {
  isOffline = true;
  showState();
  fetch(new URL('api/status', site), { cache: 'no-store' }).then(window.ononline, () => {}); // it can be reached all the same
};
document.onvisibilitychange = () => !document.hidden && current && unread(current, 0);

// ---- the connection ---------------------------------------------------------------------------------
let why; // it was lost
let times = 0; // that it was there
client.on('error', (error) => { why = error.message; });
client.on('state', (state) => {
  if (state === 'open') {
    times++;
    isOffline = false;
  }
  showState();
  for (const view of rooms.values()) {
    if (view.is === 'over') continue;
    if (state === 'reconnecting') told(view, 'Connection lost');
    if (state === 'closed') over(view, `${why ?? 'disconnected'}. Reload the page to come back.`);
  }
});

// ---- what people do ---------------------------------------------------------------------------------
/** To where one writes; on a phone that would open the keyboard. */
const write = () => matchMedia('(pointer: fine)').matches && $('text').focus();

$('speak').onsubmit = (event) => {
  event.preventDefault();
  const text = $('text').value;
  if (!text.trim()) return;
  const [view, before] = [current, times];
  dayLine(view, Date.now());
  const item = Object.assign(make('li', '', 'own waiting'), { when: Date.now(), by: client.user?.id ?? client.id ?? 'you' });
  const time = document.createElement('time');
  setTime(time, item.when);
  item.append(make('b', 'you', 'me'), textOf(text), time);
  put(view, item);
  begun(view);
  toEnd();
  $('text').value = '';
  grow();
  view.toldTyping = -Infinity; // the message itself says that one does not type any more
  view.room.say(text).then(
    ({ epoch, offset }) => {
      view.places.add(`${epoch}:${offset}`);
      item.classList.remove('waiting');
      if (times !== before) move(view, item);
    },
    (error) => {
      item.classList.remove('waiting');
      item.classList.add('error');
      item.querySelector('.text').append(` (not said: ${error.message})`);
    });
};
/** As high as its text, within the bounds of the style sheet. */
function grow() {
  $('text').style.height = 'auto';
  $('text').style.height = `${$('text').scrollHeight + 2}px`;
}
$('text').oninput = () => {
  grow();
  tellTyping(current, $('text').value.trim() !== '');
};
$('text').onkeydown = (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('speak').requestSubmit();
};
function go(listen) {
  const name = $('room').value.trim();
  if (!name) return $('room').focus();
  $('room').value = '';
  menu(false);
  enter(name, { listen });
  write();
}
$('go').onsubmit = (event) => {
  event.preventDefault();
  go(false);
};
$('listen').onclick = () => go(true);
/** Rooms and people instead of messages, where both do not fit. */
function menu(open) {
  $('menu').ariaExpanded = String(open);
  document.body.classList.toggle('menu', open);
}
$('menu').onclick = () => menu($('menu').ariaExpanded !== 'true');
document.onkeydown = ({ key }) => {
  if (key === 'Escape') menu(false);
};
$('private').onclick = async () => {
  try {
    const { room, token } = await client.action('privateRoom');
    menu(false);
    enter(room, { token });
    told(current, 'This room is private: only who has its link comes in. “Copy link”, and pass it on.');
    write();
  } catch (error) {
    notice(error.message);
  }
};
$('link').onclick = async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    notice('Link copied');
  } catch {
    notice('The link is in the address bar');
  }
};
$('leave').onclick = async () => {
  const view = current;
  const [next] = [...rooms.values()].filter((other) => other !== view);
  if (next) show(next);
  else enter(await homeName());
  if (current === view) return notice('This is your only room');
  leave(view);
  write();
};

window.onhashchange = () => { // also back and forward
  const to = byLink();
  if (to && (to.name !== current.name || to.token !== current.token)) enter(to.name, to);
};
for (const each of before) {
  const isFirst = each.name === first.name;
  enter(each.name, { ...each, token: (isFirst && first.token) || each.token, hidden: !isFirst });
}
if (!rooms.has(first.name)) enter(first.name, first);
