// A client of an Earshot server, for browsers, workers, and Node 20 or newer, without dependencies.
// earshot.d.ts documents the public classes and methods. What begins with an underscore is the client's own; the build shortens it.

/** The reasons of a goodbye on a stream after which a client connects again; see the close codes in docs/protocol.md. */
const AGAIN = /^(server shutdown|idle for|too far behind|internal error)/;
/** The close codes after which a client does not connect again; the same table. */
const FINAL = [1000, 1002, 1007, 1008, 4000];
/** How long a token may take before the other rooms do not wait for it, in milliseconds. */
const GRACE = 1_000;
/** The longest pause for a server that is asked too much, in milliseconds. */
const PAUSE = 60_000;
/** How many requests one POST to a stream has, and how many rooms one poll has if the server does not say how many it may have. */
const BATCH = 100;
/** How many polls of a client wait side by side: browsers have six connections to a server. */
const POLLS = 4;
const nothing = () => {};
const clock = () => performance.now(); // milliseconds, for durations: the time of day may be set
const cursorOf = ({ epoch, offset }) => (epoch ? `${epoch}:${offset}` : null);
const offsetIn = (cursor, epoch) =>
  cursor?.startsWith(`${epoch}:`) ? +cursor.slice(epoch.length + 1) : -1;

/** A promise that the program may ignore: its rejection is no unhandled one. */
const quiet = (promise) => {
  promise.catch(nothing);
  return promise;
};

/** An object with a promise and the functions that settle it, and more fields. */
const deferred = (fields) => {
  const result = { ...fields };
  result._promise = new Promise((resolve, reject) => Object.assign(result, { _resolve: resolve, _reject: reject }));
  return result;
};

/** The promise of a key, which is made when it is first asked for. */
const memo = (map, key, make) => {
  if (!map.has(key)) map.set(key, quiet(make()));
  return map.get(key);
};

/** A request was refused by the server, or lost before its answer (`lost`). */
export class EarshotError extends Error {
  name = 'EarshotError';

  constructor(message, more) {
    super(String(message).replace(/^Error: /, ''));
    Object.assign(this, more);
  }
}

const lost = (why = 'the connection was lost') => new EarshotError(why, { lost: true });
const closed = () => new EarshotError('the client is closed');
/** What a promise gives; fails as lost if that takes too long. */
const within = async (ms, what, promise) => {
  let timer;
  try {
    return await Promise.race([promise, new Promise((_, reject) => { timer = setTimeout(() => reject(lost(`${what} in ${ms} ms`)), ms); })]);
  } finally {
    clearTimeout(timer);
  }
};
/** How long to wait, in milliseconds, if an error asks to try again. */
const waitIn = (error) => {
  const [, ms] = /try again in (\d+) ms/.exec(error) ?? [];
  return ms && +ms;
};
/** Whether a token says who the user is: the server knows tokens by their claims, too. */
const isLogin = (token) => {
  try {
    return !('room' in JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))));
  } catch {
    return false;
  }
};
/** A copy of a message: the program may change its own object before the message is sent. */
const copy = (message) => {
  const text = JSON.stringify(message);
  if (text === undefined) throw new TypeError('the message is not a JSON value');
  return JSON.parse(text);
};
const isMove = ({ type }) => type === 'join' || type === 'leave';
const random = () => crypto.getRandomValues(new Uint32Array(4)).join('-'); // 128 bits
const check = (isRight, error) => {
  if (!isRight) throw new EarshotError(error);
};
/** The same rules as the server's: an invalid name or cursor never gets there. */
const checkName = (name) => check(typeof name === 'string' && name && name.length <= 256 && !/[\p{Cc}\p{Cs}]/u.test(name),
  'room names are texts of 1 to 256 characters without control characters');
const checkCursor = (cursor, name) => check(cursor == null || /^[\w-]{1,32}:\d{1,18}$/.test(cursor), `${name} must be the cursor of a room`);
const checkCount = (count, name, least) => check(
  count == null || (Number.isInteger(count) && count >= least && count <= 1_000), `${name} must be a number from ${least} to 1000`);

class Emitter {
  _listeners = {};

  on(event, listener) {
    (this._listeners[event] ??= new Set()).add(listener);
    return () => this.off(event, listener);
  }

  off(event, listener) {
    this._listeners[event]?.delete(listener);
  }

  once(event) {
    return new Promise((resolve) => {
      const off = this.on(event, (what) => resolve(what, off()));
    });
  }

  emit(event, what) {
    for (const listener of [...(this._listeners[event] ?? [])]) {
      try {
        listener(what);
      } catch (error) {
        queueMicrotask(() => { throw error; }); // report the listener's error, and go on
      }
    }
  }
}

// --- rooms ---------------------------------------------------------------------------------------

export class Room extends Emitter {
  recovered = 0;
  present = null;
  _outbox = []; // messages without an answer, in order
  _own = new Set(); // cursors of messages sent by POST, which the stream delivers to their sender too
  _held = []; // received messages, the first of which may be the client's own
  _uses = 1; // how often the program has joined it without leaving
  _live = false; // whether this link delivers the room's messages
  _ready = false; // whether the missed messages have been delivered as well

  constructor(client, name, { after, token, presence, history } = {}, listening = false) {
    super();
    Object.assign(this, {
      _client: client, name, listening, cursor: after ?? null, _after: after, _token: token, _presence: presence && !listening,
      _asks: history || undefined, _joined: deferred(),
    });
    this.joined = quiet(this._joined._promise); // the error event reports it as well
  }

  say(message, { match } = {}) {
    const entry = deferred({ messageId: this._client._next(), _by: null });
    const [pair, ...more] = Object.entries(match ?? {});
    try {
      entry.message = copy(message);
      if (match && (!pair || more.length)) throw new TypeError('match needs one key and its value');
      this._check();
      check(this._outbox.length < this._client._options.queue, 'too many messages wait to be sent');
      if (pair) entry._aim = { roomMatchKey: pair[0], roomMatchValue: pair[1] };
      this._outbox.push(entry);
      this._flush();
    } catch (error) {
      entry._reject(error);
    }
    return entry._promise;
  }

  /** Only a member may send anything. */
  _check() {
    check(!this.listening && this._isActive(), 'you are not in this room');
  }

  signal(what, { kind } = {}) {
    return quiet(this._signal(what, kind));
  }

  async _signal(what, kind) {
    const signal = copy(what);
    this._check();
    if (!this._ready) return false;
    try {
      await this._client._link._signal(this, { signal, kind });
      return true;
    } catch (error) {
      if (error.lost || waitIn(error.message) >= 0) return false;
      throw error;
    }
  }

  async members() {
    await this.joined;
    return (await this._client._retry((link) => link._members(this))).members;
  }

  async history({ before, limit } = {}) {
    const cursor = before?.epoch ? cursorOf(before) : before ?? undefined;
    checkCursor(cursor, 'before');
    checkCount(limit, 'limit', 1);
    await this.joined;
    const { messages, more } = await this._client._retry((link) => link._history(this, cursor, limit ?? 100));
    return { messages: messages.map((said) => this._told(said, true)), more };
  }

  async leave() {
    if (this._isActive() && !--this._uses) await this._leave();
  }

  async _leave() {
    const { _client: client, name } = this;
    const { _link: link } = client;
    client.rooms.delete(name);
    this._end(new EarshotError('you have left this room'));
    if (link?._over || link?._session !== client._session) client._left.add(name);
    await link?._exit(this)?.catch(nothing);
  }

  /** The link delivers the room's messages from now on. Called before the next message is handled. */
  _arrived(heard) {
    if (!this._isActive()) return; // left in the meantime; the request to leave follows
    check((heard.room ?? this.name) === this.name, `the server answers with another room: ${heard.room}`);
    const { cursor: before } = this;
    Object.assign(this, { _live: true, _was: true, _refusedAt: 0, _held: [], _count: 0, _heard: heard, _tellsRecovered: false, _past: null });
    if (heard.recovered) return;
    this.cursor = cursorOf(heard);
    this._own.clear();
    if (before) {
      this._client._poster = {}; // the server may have restarted, and know no cookies
      const known = offsetIn(before, heard.epoch);
      this._gap(before, this.cursor, known < 0 ? undefined : Math.max(0, heard.offset - known), 'forgotten');
    }
    if (heard.history) {
      // Until the history is there the cursor is that of its last message: after a cut the rest follows.
      this._past = { _end: this.cursor, _left: heard.history, _isBack: before };
      this.cursor = null;
    }
  }

  /** The missed messages have been delivered. */
  async _caughtUp(link) {
    const { recovered, epoch, offset } = this._heard;
    if (recovered) {
      // Messages that are held are not delivered yet: after another cut they come again.
      if (link._kind !== 'poll' && !this._held.length && offset > offsetIn(this.cursor, epoch)) this.cursor = cursorOf(this._heard);
      this._tellsRecovered = true;
      this._release();
    }
    try {
      if (this._presence) await this._loadMembers(link);
    } catch (error) {
      if (error.lost) return link._cut({ error });
      this._client._warn(error);
    }
    if (link._over || !this._live) return;
    // Send messages without an answer again: by its id the server delivers each once.
    for (const entry of this._outbox) if (!entry._by?._http) entry._by = null;
    this._ready = true;
    if (this._isStale) this._reloadMembers();
    this._joined._resolve(this);
    this._flush();
  }

  // --- sending ---

  _flush() {
    const link = this._client._link;
    if (!this._ready || clock() < this._notBefore) return; // a later call sends them
    for (const entry of this._outbox) {
      if (this._slow && this._outbox.some((other) => other._by)) return;
      if (entry._by) continue;
      entry._by = link;
      link._say(this, entry).then((said) => this._accepted(entry, said), (error) => this._failed(entry, error));
    }
    if (!this._outbox.length) this._slow = false;
  }

  _drop(entry) {
    this._outbox = this._outbox.filter((other) => other !== entry);
    this._release();
    queueMicrotask(() => this._flush());
    return entry;
  }

  _accepted(entry, said) {
    const { epoch, offset } = said;
    if (entry._by?._http) this._own.add(cursorOf(said));
    this._drop(entry)._resolve({ epoch, offset });
  }

  _failed(entry, error) {
    if (error.lost || !this._outbox.includes(entry)) return; // it is sent again after the reconnect
    const wait = waitIn(error.message);
    if (wait == null) return this._drop(entry)._reject(error);
    // Send one at a time from now on, to keep their order.
    entry._by = null;
    this._slow = true;
    this._notBefore = clock() + wait;
    this._client._sleep(wait).then(() => {
      this._notBefore = 0;
      this._flush();
    });
  }

  // --- receiving ---

  _receive(said) {
    if (!this._live || offsetIn(this.cursor, said.epoch) >= said.offset) return;
    this._held.push(said);
    this._release();
  }

  /**
   * While a POST has no answer, a message may be the client's own. The answer says which one is: other pages of the browser
   * post under the same id.
   */
  _release() {
    const { _ids, _poster } = this._client;
    const mayBeOwn = (said) => !said.type && !_ids.has(said.from) && (!_poster._isKnown || said.from === _poster.from)
      && !this._own.has(cursorOf(said)) && this._outbox.some((entry) => entry._by?._http);
    while (this._held.length && !mayBeOwn(this._held[0])) this._deliver(this._held.shift());
    if (this._held.length || !this._tellsRecovered) return;
    this._tellsRecovered = false;
    this.emit('recovered', { room: this.name, count: this._count });
  }

  _deliver(said) {
    const { cursor: before, _past: past, _heard: heard } = this;
    const isOwn = this._client._ids.has(said.from); // under the present id or an earlier one
    this.cursor = cursorOf(said);
    if (past) {
      // A message of the history: one's own, too, unless the program has seen it already.
      if (!--past._left) [this.cursor, this._past] = [past._end, null];
      if (!past._isBack || !isOwn) this.emit('message', this._told(said, true));
      return;
    }
    if (before && offsetIn(before, said.epoch) < 0) this._gap(before, this.cursor, undefined, 'order');
    if (this._own.delete(this.cursor)) return;
    const recovered = !!heard.recovered && said.epoch === heard.epoch && said.offset <= heard.offset;
    if (isMove(said)) this._memberMoved(said);
    else if (recovered && !isOwn) this._count++, this.recovered++;
    if (!isOwn) this.emit(isMove(said) ? said.type : 'message', this._told(said, false, recovered));
  }

  _told(said, history, recovered = false) {
    const { from, user, sentAt, epoch, offset, message } = said;
    return { room: this.name, from, ...(user && { user }), sentAt, epoch, offset, recovered, history, ...(!isMove(said) && { message }) };
  }

  _gap(from, to, missed, reason) {
    this._reloadMembers(); // joins and leaves may be missing as well
    this.emit('gap', { room: this.name, from, to, missed, reason });
  }

  _leftOut({ epoch, from, to, missing }) {
    if (!this._live) return;
    this.cursor = cursorOf({ epoch, offset: to });
    this._gap(cursorOf({ epoch, offset: from - 1 }), this.cursor, missing, 'behind');
  }

  // --- presence ---

  async _loadMembers(link) {
    this._isStale = false;
    const moves = this._moves = [];
    const { members = [], users = [], offset = 0 } = await link._members(this).catch((error) => {
      if (this._moves === moves) {
        this._moves = null;
        moves.forEach((said) => this._memberMoved(said)); // the list before goes on
      }
      throw error;
    });
    if (this._moves !== moves) return; // a newer list follows
    this._moves = null;
    this._here = new Map(); // users by a blank and their id, others by the id of their connection
    const guests = new Set(members);
    for (const { connections, members: theirs, ...user } of users) {
      theirs.forEach((id) => guests.delete(id));
      this._move({ type: 'join', user });
    }
    guests.forEach((from) => this._move({ type: 'join', from }));
    moves.filter((said) => said.offset > offset).forEach((said) => this._move(said));
    this._tellPresent();
  }

  /** Loads the members again, when the present list is there. */
  _reloadMembers() {
    const { _client: client } = this;
    this._isStale = true;
    if (this._presence && this._ready) this._loadMembers(client._link).catch((error) => error.lost || client._warn(error));
  }

  _memberMoved(said) {
    if (this._moves) this._moves.push(said);
    else if (this.present) {
      this._move(said);
      this._tellPresent();
    }
  }

  _move({ type, from, user }) {
    const key = user ? ` ${user.id}` : from;
    if (type === 'join') this._here.set(key, Object.freeze(user ? { id: user.id, user } : { id: from }));
    else this._here.delete(key);
  }

  _tellPresent() {
    // A new list each time: programs may compare it with the one before.
    this.emit('presence', (this.present = Object.freeze([...this._here.values()])));
  }

  // --- leaving ---

  _isActive() {
    return this._client.rooms.get(this.name) === this;
  }

  _disconnected() {
    this._live = this._ready = false;
    this._refusedAt = 0;
  }

  _end(error) {
    this._disconnected();
    this._joined._reject(error);
    for (const entry of this._outbox.splice(0)) {
      quiet(entry._promise);
      entry._reject(error);
    }
  }

  _refused(error) {
    if (this._isActive()) this._client.rooms.delete(this.name);
    this._end(error);
    this.emit('error', error);
    this._client._warn(error);
  }
}

/** The inbox of the client's user: the server delivers its messages while the client is logged in. */
class Inbox extends Room {
  /** Another user has another inbox. */
  _of({ id }) {
    const name = `@${id}`;
    if (this.name && this.name !== name) this.cursor = null;
    this.name = name;
  }

  _arrived(heard) {
    // A resumed session has it as well.
    if (!this._live || !heard.recovered) super._arrived(heard);
  }

  _isActive() {
    return this._client.state !== 'closed';
  }
}

// --- client --------------------------------------------------------------------------------------

const DEFAULTS = {
  transports: ['websocket', 'sse', 'poll'],
  backoff: [500, 15_000], timeout: 10_000, heartbeat: 10_000, queue: 1_000,
};

export class Earshot extends Emitter {
  rooms = new Map();
  state = 'connecting';
  id = null;
  user = null;
  transport = null;
  limits = null;
  _ids = new Set(); // all ids that this client has had
  _left = new Set(); // names of rooms that the program has left, which the session may still have
  _posting = Promise.resolve();
  _poster = {}; // the id under which it posts over HTTP, and whether that is the same each time
  _opening = deferred(); // resolved with the link when the client is open
  _wakes = new Set();
  _stops = new Set(); // the functions that stop its requests over HTTP
  _acted = deferred(); // resolved when the next action has succeeded
  _failedRounds = 0; // rounds over all transports without a welcome
  _refusals = 0; // rounds that the server has refused
  // The prefix of message ids. It is long enough to be unique, so that the server recognises a
  // repeated message on any connection.
  _name = random();
  _count = 0;

  constructor(url, options) {
    super();
    if (url?.constructor === Object) [options, url] = [url];
    const all = this._options = { ...DEFAULTS, WebSocket: globalThis.WebSocket, fetch: globalThis.fetch, ...options };
    for (const name in DEFAULTS) all[name] ??= DEFAULTS[name];
    if (all.WebSocket === undefined && options && 'WebSocket' in options && all.transports.includes('websocket')) {
      console.warn('earshot: the option WebSocket is undefined; null means none');
    }
    const unknown = all.transports.find((kind) => !LINKS[kind]);
    if (unknown !== undefined) throw new TypeError(`there is no transport ${unknown}`);
    const base = new URL(url ?? '/', globalThis.location?.href);
    this._base = base.href.replace(/^ws/, 'http').replace(/[?]?(#.*)?$/, '').replace(/\/(ws)?$/, '');
    if (!/^https?:[^?]+$/.test(this._base)) throw new TypeError(`not ws: or http:, or with a query: ${url}`);
    if (!this._kinds()[0]) throw new TypeError('no WebSocket here');
    checkCursor(all.inbox, 'inbox');
    this.inbox = new Inbox(this, null, { after: all.inbox }, true);
    this._wake = () => this._wakes.forEach((wake) => wake());
    // The network or the page is back or away: check the connection at once, and do not wait to reconnect.
    this._changed = ({ type }) => {
      if (globalThis.document?.hidden) return;
      if (type !== 'offline') this._wake();
      this._link?._check();
    };
    this._onChanges('addEventListener');
    this._run();
  }

  _onChanges(method) {
    for (const type of ['online', 'offline', 'pageshow']) globalThis[method]?.(type, this._changed);
    globalThis.document?.[method]?.('visibilitychange', this._changed);
  }

  join(name, options) {
    return this._room(name, options, false);
  }

  listen(name, options) {
    return this._room(name, options, true);
  }

  async action(name, params = {}) {
    const { context, messageCount, messageId, serverInformation, requestorInformation, ...answer } =
      await (await this._opened())._action(name, params);
    this._acted._resolve();
    this._acted = deferred();
    return answer;
  }

  async close() {
    const { state } = this;
    if (state === 'closed') return;
    this._set('closed');
    this._onChanges('removeEventListener');
    this._wake();
    if (state === 'open') await Promise.race([this._link._quit().catch(nothing), this._sleep(1_000)]);
    this._link?._cut({});
    this._stops.forEach((stop) => stop());
    quiet(this._opening._promise);
    this._opening._reject(closed());
    this._all().forEach((room) => room._end(closed()));
    this.rooms.clear();
    this._wake();
  }

  // --- rooms ---

  _room(name, options, listening) {
    if (this.state === 'closed') throw closed();
    const known = this.rooms.get(name);
    if (known && (listening || !known.listening)) return this._again(known, options ?? {});
    const room = new Room(this, name, options ?? {}, listening);
    try {
      checkName(name);
      checkCursor(room.cursor, 'after');
      checkCount(room._asks, 'history', 0);
    } catch (error) {
      queueMicrotask(() => room._refused(error));
      return room;
    }
    if (known) {
      room.cursor ??= known.cursor;
      known._leave();
    }
    this.rooms.set(name, room);
    if (this.state === 'open') this._enter(this._link, [room]);
    return room;
  }

  /** The program joins a room that it is in: the same room, with what is new in the options. */
  _again(room, { after, token, presence }) {
    room._uses++;
    if (after != null && after !== room._after) {
      this._warn(new EarshotError(`${room.name} is joined already, so after has no effect`));
    }
    if (token !== undefined) room._token = token;
    if (presence && !room._presence && !room.listening) {
      room._presence = true;
      room._reloadMembers();
    }
    return room;
  }

  _all() {
    return [...this.rooms.values(), this.inbox];
  }

  _find(name) {
    return name === this.inbox.name ? this.inbox : this.rooms.get(name);
  }

  /** The rooms that the client is a member of. */
  _joined() {
    return this._all().filter((room) => !room.listening);
  }

  _warn(error) {
    this.emit('error', error);
  }

  // --- waiting ---

  /** Waits for some time, or until the network is back or the client is closed. */
  _sleep(ms) {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this._wakes.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this._wakes.add(wake);
    });
  }

  /** Waits for a random time, which grows with the number of failures. */
  _pause(failures) {
    const [least, most] = this._options.backoff;
    return this._sleep(Math.random() * Math.min(most, least * 2 ** failures));
  }

  _set(state) {
    if (this.state !== state && this.state !== 'closed') this.emit('state', (this.state = state));
  }

  _next() {
    return `${this._name}-${++this._count}`;
  }

  _url(path, query) {
    const url = new URL(this._base + path);
    for (const key in query) if (query[key] != null) url.searchParams.set(key, query[key]);
    return url.href;
  }

  // --- logins and tokens ---

  /** The token for a room, unless the client's own token is a login. */
  async _token(room) {
    if (room._token != null) return this._given(room._token, room.name);
    const token = this._login ? undefined : await this._given(this._options.token, room.name);
    return isLogin(token) ? undefined : token;
  }

  /** Loads the login, which the client shows from now on. A function of a room's name is for rooms only. */
  async _loadLogin() {
    const { token } = this._options;
    const login = typeof token === 'function' && token.length ? null : await this._given(token);
    return this._login = isLogin(login) ? login : null;
  }

  async _given(token, ...name) {
    if (typeof token !== 'function') return token;
    try {
      return await within(this._options.timeout, 'nothing', token(...name));
    } catch (error) {
      throw new EarshotError(`no token${name.map((room) => ` for ${room}`)}: ${error?.message ?? error}`, { _noToken: true });
    }
  }

  // --- connecting and reconnecting ---

  async _run() {
    await null; // so that rooms joined right after the constructor are known
    for (let failures = 1; ; failures++) {
      const since = clock();
      const end = await this._loadLogin().then(() => this._round(), (error) => {
        this._warn(error);
        return {};
      });
      if (this.state === 'closed') return;
      if (end?._dismissed) {
        this._warn(new EarshotError(end.reason || `the server closed the connection with code ${end.code}`));
        return this.close();
      }
      this._failedRounds = end ? 0 : this._failedRounds + 1;
      if (end && clock() - since > 5_000) failures = 1;
      this._set(this.transport ? 'reconnecting' : 'connecting');
      await (end?.reconnectAfter == null ? this._pause(failures) : this._sleep(end.reconnectAfter));
      if (this.state === 'closed') return;
    }
  }

  /** Tries the transports in order until one opens. Resolved with the reason when it ends. */
  async _round() {
    for (const kind of this._kinds()) {
      if (this.state === 'closed') return;
      const link = this._link = new LINKS[kind](this, kind);
      let end;
      try {
        await link._open();
        this.transport = kind;
        this._refusals = 0;
        this._enter(link, link._rooms());
        end = await link._end._promise;
        if (end.error) this._warn(end.error);
      } catch (error) {
        const { code, reason } = link._over ? await link._end._promise : {};
        link._cut({});
        if (this.state !== 'closed') this._warn(error);
        // The first room may have refused the client, so try once more in another way.
        const isRefused = error.status === 401 || error.status === 403 || (code && code !== 1000 && FINAL.includes(code));
        if (isRefused && (this._refusals++ || !this.rooms.size)) end = { _dismissed: true, code, reason: reason || error.message };
      }
      this._all().forEach((room) => room._disconnected());
      if (this.state === 'open') this._opening = deferred();
      if (end) return end;
    }
  }

  /** The transports to try. The others are tried only after the WebSocket has failed for a while. */
  _kinds() {
    const kinds = this._options.transports.filter((kind) => kind !== 'websocket' || this._options.WebSocket);
    const patience = this.transport === 'websocket' ? 3 : 1;
    return kinds[0] === 'websocket' && this._failedRounds < patience ? ['websocket'] : kinds;
  }

  /** Enters rooms: joins them or listens to them. */
  async _enter(link, rooms) {
    // A token that is late, or fails, holds up its own room only.
    const late = new Set(rooms);
    const tokens = rooms.map((room) => link._token(room).then(() => late.delete(room), nothing));
    await Promise.race([Promise.all(tokens), this._sleep(link._waited ? 0 : GRACE)]);
    if (link._over) return;
    for (const room of late) link._token(room).then(() => this._enter(link, [room]), (error) => this._tokenless(link, room, error));
    try {
      await Promise.all(rooms.map((room) => late.has(room) || link._enter(room).catch((error) => {
        if (error.lost) throw error;
        if (error._noToken) this._tokenless(link, room, error);
        // The program may have to log in first, and can do so only once the client is open.
        else if (room._refusedAt || (room._was && this.state !== 'open')) this._enterLater(link, room, error);
        else room._refused(error);
      })));
      await link._barrier();
      if (this.state !== 'open') this._isOpen(link);
      for (const room of [...rooms, this.inbox]) if (room._live && !room._ready) room._caughtUp(link);
    } catch (error) {
      link._cut({ error });
    }
  }

  /** A room that the client was in refuses it. Tries again after each action, and by itself for a while. */
  _enterLater(link, room, error) {
    link._forget(room);
    const isFirst = !room._refusedAt;
    const left = (room._refusedAt ||= clock()) + this._options.timeout - clock();
    if (left <= 0) room._refused(error);
    else this._enterAgain(link, room, isFirst && error, () => Promise.race([this._sleep(Math.min(left, 2_000)), this._acted._promise]));
  }

  /** There is no token for a room: tries again later. */
  _tokenless(link, room, error) {
    this._enterAgain(link, room, error, () => this._pause(room._failures = (room._failures ?? 0) + 1));
  }

  async _enterAgain(link, room, error, pause) {
    const isGone = () => link._over || !room._isActive() || room._live;
    if (isGone()) return;
    if (error) this._warn(error);
    await pause();
    if (isGone()) return;
    link._forget(room);
    this._enter(link, [room]);
  }

  _isOpen(link) {
    if (link._over) return;
    const late = link._rooms().filter((room) => !room._live && !room._refusedAt && !link._entering.has(room) && !link._tokens.has(room));
    this._set('open');
    if (late.length) this._enter(link, late); // joined in the meantime
    this._opening._resolve(link);
  }

  async _opened() {
    if (this.state === 'closed') throw closed();
    return this._opening._promise;
  }

  /** Makes a request that is safe to repeat, until it is answered. */
  _retry(what) {
    return this._persist(async () => what(await this._opened()), ({ lost }) => !lost);
  }

  /** Makes an attempt again and again, after a pause, until it succeeds or its error is final. */
  async _persist(attempt, isFinal) {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (isFinal(error)) throw error;
        await (error.after >= 0 ? this._sleep(Math.min(PAUSE, error.after)) : this._pause(tries));
      }
    }
  }

  // --- messages of the server that are no answers ---

  _welcomed({ limits, ...more }) {
    this.limits = limits ?? null;
    this._loggedIn(more);
  }

  /** The server knows the client as a user, or as none, and delivers that user's inbox. */
  _loggedIn({ user, inbox }) {
    this.user = user ?? null;
    if (user) this.inbox._of(user);
    if (inbox) this.inbox._arrived(inbox);
  }

  /** The login ends soon, or has ended: the next token of the same user renews it. */
  _renew(link) {
    return this._persist(async () => {
      if (await this._loadLogin() && !link._over) await link._logIn(this._login);
    }, (error) => {
      if (!error.lost) this._warn(error);
      return link._over || !error._noToken;
    }).catch(nothing);
  }

  _received(data, link) {
    const { context, ...more } = data;
    const isExpired = data.status === 'expired';
    const room = this._find(data.room);
    if (context === 'token' && data.room == null) {
      link._expired = isExpired;
      if (isExpired) {
        this.user = null;
        this.inbox._disconnected();
      }
      link._renewing ??= this._renew(link).finally(() => { link._renewing = null; });
    } else if (!room?._live) return; // or it is about an earlier stay in the room
    else if (context === 'user') room._receive(data);
    else if (context === 'gap') room._leftOut(data);
    else if (context === 'signal') this._ids.has(data.from) || room.emit('signal', more);
    else if (context === 'room') {
      // Server code has changed what the client is a member of, not what it listens to.
      if (data.status === 'joined' || (data.status === 'left' && room.listening)) return;
      link._forget(room);
      room._refused(new EarshotError(data.reason || 'this room is closed', { reply: data }));
    } else if (context === 'token' && isExpired) {
      room._disconnected();
      link._forget(room);
      // It may need the login; that brings back the inbox.
      if (room !== this.inbox) Promise.resolve(link._renewing).then(() => this._enter(link, [room]));
    } else if (context === 'token') link._refresh(room).catch((error) => this._warn(error));
  }
}

// --- links: one connection each, or a set of HTTP requests ---------------------------------------

class Link {
  _pending = new Map(); // requests without an answer, by message id
  _entering = new Map(); // rooms, and when the client is in them
  _tokens = new Map(); // rooms, and their tokens
  _sent = new Set(); // rooms that the client has asked to be in
  _slack = 0; // how much later than after a heartbeat the server may send something by itself, in milliseconds

  constructor(client, kind) {
    Object.assign(this, { _client: client, _kind: kind, _end: deferred() });
    this._hears();
  }

  _cut(end) {
    if (this._over) return;
    this._over = true;
    clearInterval(this._timer);
    this._stop();
    this._pending.forEach(({ _reject }) => _reject(lost()));
    const { _bye } = this;
    this._end._resolve({
      ...end, ..._bye,
      _dismissed: !this._expired && (this._http ? _bye && _bye.reconnectAfter == null && !AGAIN.test(_bye.reason) : FINAL.includes(end.code)),
    });
  }

  // --- silence ---

  /** Asks the server for a sign of life after some silence, and gives up without one. */
  _watch() {
    const { heartbeat, timeout } = this._client._options;
    const patience = this._patience = Math.min(heartbeat, timeout);
    let tickedAt = clock();
    this._isOpen = true;
    this._timer = setInterval(() => {
      const at = clock();
      // Timers of hidden pages are suspended: what has arrived since then is not handled yet.
      if (at - tickedAt > 2 * patience) this._hears();
      tickedAt = at;
      if (at > this._until) this._cut({ error: lost('the server is silent') });
      else if (this._until === Infinity && at - this._heardAt > heartbeat + this._slack) this._check(patience);
    }, Math.max(10, patience / 5));
  }

  _hears() {
    this._heardAt = clock();
    this._until = Infinity; // the end of a check
  }

  /** Checks the connection now. Without a sign of life in time, it is lost. */
  _check(patience = this._patience / 2) {
    if (!this._isOpen) return;
    this._until = Math.min(this._until, clock() + patience);
    this._probe();
  }

  // --- rooms ---

  /** The rooms to enter when the link is open. */
  _rooms() {
    return [...this._client.rooms.values()];
  }

  /** The token for a room, which is asked for once. */
  _token(room) {
    return memo(this._tokens, room, () => this._client._token(room));
  }

  _enter(room) {
    return memo(this._entering, room, () => this._begin(room));
  }

  _drop(room) {
    this._entering.delete(room);
    this._tokens.delete(room);
  }

  /** The server has put the client out of a room, or the client has to try again. */
  _forget(room) {
    this._drop(room);
    this._out(room);
  }

  /** The client is not in a room any more. */
  _out(room) {
    this._sent.delete(room);
  }

  // --- requests that are answered by their message id ---

  _take(text) {
    this._hears();
    try {
      const data = JSON.parse(text);
      if (data?.constructor !== Object) throw new TypeError('not an object');
      this._handle(data);
    } catch (error) {
      this._client._warn(new EarshotError(`the client does not understand the server: ${error.message}`));
    }
  }

  _handle(data) {
    const asked = this._pending.get(data.messageId);
    if (data.context === 'api') {
      this._client._welcomed(data);
      this._welcomed(data);
    } else if (data.context !== 'response') {
      this._client._received(data, this);
    } else if (asked) {
      this._pending.delete(data.messageId);
      const wait = waitIn(data.error);
      // Messages are repeated by their room, which keeps their order; signals are not repeated.
      if (!asked._says && clock() + wait < asked._until) this._client._sleep(wait).then(asked._send);
      else if (data.error) asked._reject(new EarshotError(data.error, { reply: data }));
      else {
        try {
          asked._now(data);
          asked._resolve(data);
        } catch (error) {
          asked._reject(error);
        }
      }
    } else if (data.status === 'Bye!') {
      this._bye = data;
    }
  }

  /** Makes a request. `now` is called with the answer before the next message is handled. */
  async _request(what, now = nothing) {
    const messageId = what.messageId ?? this._client._next();
    const text = this._fitting({ ...what, messageId });
    const asked = deferred({
      _now: now, _until: clock() + 3 * this._client._options.timeout, _says: /^(say|signal)$/.test(what.event),
      _send: () => {
        if (this._over) return asked._reject(lost());
        this._pending.set(messageId, asked);
        this._send(text);
      },
    });
    asked._send();
    return asked._promise;
  }

  /** The text of a request; fails if it is longer than the server takes. */
  _fitting(what) {
    const text = JSON.stringify(what);
    const most = this._client.limits?.messageBytes;
    const { length } = new TextEncoder().encode(text);
    if (length > most) throw new EarshotError(`messages have at most ${most} bytes, and this one has ${length}`);
    return text;
  }

  /** A request about a room. */
  _about(event, room, more, now) {
    return this._request({ event, room: room.name, ...more }, now);
  }

  _signal(room, what) {
    return this._about('signal', room, what);
  }

  _history(room, before, limit) {
    return this._about('history', room, { before, limit });
  }

  /** A request whose answer arrives after all messages before it. */
  _details() {
    return this._request({ event: 'detailsView' });
  }

  /** Waits for all messages before; it also loads the client's id. */
  async _barrier() {
    const { data } = await this._details();
    this._client._ids.add(data.id);
    return data.id;
  }

  _probe() {
    quiet(this._details());
  }

  async _refresh(room) {
    this._tokens.delete(room);
    await this._request({ event: 'tokenRefresh', token: await this._token(room) });
  }

  async _logIn(token) {
    const { _client: client } = this;
    await this._request({ event: 'login', token, inbox: client.inbox.cursor }, (answer) => client._loggedIn(answer));
    this._expired = false;
    client._enter(this, []);
  }

  /** Joins a room by a request, or listens to it. */
  async _begin(room) {
    const token = await this._token(room);
    if (!room._isActive()) return; // left in the meantime
    const event = this._entry(room);
    this._sent.add(room);
    const arrived = (heard) => room._arrived(heard);
    await this._about(event, room, { after: room.cursor, history: room._asks, token }, arrived)
      .catch((error) => {
        if (error.lost || !/already/.test(error.message)) throw error;
        arrived({}); // the request was done before the connection was lost
      });
  }

  /** The request that enters a room. */
  _entry(room) {
    return room.listening ? 'listenToRoom' : 'roomAdd';
  }

  /** Leaves a room, also if the request to enter it has no answer yet. */
  _exit(room) {
    this._drop(room);
    if (!this._over && this._sent.has(room)) return this._leave(room);
  }

  _leave(room, now) {
    this._out(room);
    return this._about(room.listening ? 'silenceRoom' : 'roomLeave', room, {}, now);
  }
}

// --- over a WebSocket ----------------------------------------------------------------------------

class SocketLink extends Link {
  async _open() {
    const { _client: client } = this;
    const { WebSocket, timeout } = client._options;
    const { _session: session, _login: login } = client;
    const first = session ? null : client._joined()[0];
    let known = first;
    const token = first && await within(GRACE, '', client._token(first)).catch(() => { known = null; });
    // The URL of a room leads straight into the room, without the default room. But a failed handshake
    // gives no reason, and proxies see a token in a URL. So with a token connect to /ws, without one to
    // the room; after a failure use the other.
    if (this._over) throw lost();
    const byUrl = known?._isActive() && !(token && login) && !token === (client._failedRounds % 2 === 0);
    const url = client._url(byUrl ? '/rooms' : '/ws', {
      ...(byUrl && { room: first.name, after: first.cursor, history: first._asks }), token: login ?? (byUrl ? token : null), inbox: login && client.inbox.cursor,
    });
    await within(timeout, 'no welcome over the WebSocket', new Promise((resolve, reject) => {
      this._welcomed = (welcome) => {
        this._current = welcome.room;
        this._session = welcome.session;
        if (byUrl && first._isActive() && welcome.room === first.name) this._isIn(first, welcome);
        resolve();
      };
      const socket = this._socket = new WebSocket(url.replace(/^http/, 'ws'));
      socket.onmessage = ({ data }) => this._over || this._take(data);
      socket.onerror = socket.onclose = ({ code, reason }) => {
        this._cut({ code, reason });
        reject(new EarshotError(`no WebSocket at ${client._base}`));
      };
    }));
    this._watch();
    if (session) await this._resume(session);
    client._session = this._session;
    client._left.clear();
    // In the room of the URL, which the program has left in the meantime, and in no other.
    if (byUrl && this._isStray() && !client._joined().length) quiet(this._leave({ name: this._current }));
  }

  _send(text) {
    this._socket.send(text);
  }

  _isIn(room, heard) {
    this._sent.add(room);
    this._entering.set(room, Promise.resolve());
    room._arrived(heard);
  }

  async _resume(session) {
    const { _client: client } = this;
    const rooms = client._all();
    const after = {};
    for (const { name, cursor, _past } of rooms) if (cursor ?? _past) after[name] = cursor ?? _past._end;
    const left = []; // other rooms are the server's choice, and stay
    try {
      await this._request({ event: 'resume', session, after }, (reply) => {
        this._session = reply.session;
        for (const heard of reply.rooms) {
          const room = client._find(heard.room);
          if (room?._was) this._isIn(room, heard);
          else if (room || client._left.has(heard.room)) left.push({ name: heard.room }, { name: heard.room, listening: true });
        }
        this._current = reply.room;
      });
    } catch (error) {
      if (error.lost) throw error; // otherwise the session is gone, and the client has a new id
    }
    for (const room of left) quiet(this._leave(room));
  }

  /** Whether the connection is in a room that the program has not joined, such as the default room. */
  _isStray() {
    return ![...this._sent].some(({ name, listening }) => !listening && (this._current ?? name) === name);
  }

  _entry(room) {
    if (room.listening || !this._isStray()) return super._entry(room);
    this._current = room.name;
    return 'roomChange';
  }

  _leave(room) {
    const isCurrent = !room.listening && room.name === this._current;
    return super._leave(room, (reply) => {
      if (isCurrent) this._current ??= reply.room;
    }).catch((error) => {
      if (error.lost) this._client._left.add(room.name);
      throw error;
    });
  }

  /** Without its current room the connection is in another one, which the next answer tells. */
  _out(room) {
    if (!room.listening && room.name === this._current) this._current = null;
    super._out(room);
  }

  async _barrier() {
    this._client.id = await super._barrier();
  }

  _say(room, { message, messageId, _aim }) {
    return this._about('say', room, { message, messageId, ..._aim });
  }

  async _members(room) {
    return (await this._about('roomView', room)).roomStatus;
  }

  _action(name, params) {
    return this._request({ event: 'action', params: { ...params, action: name } });
  }

  _quit() {
    return this._request({ event: 'quit' });
  }

  _stop() {
    this._socket?.close();
  }
}

// --- over HTTP: one stream or one poll for all rooms, and a POST for each say --------------------

class HttpLink extends Link {
  _http = true;
  _stops = new Set(); // the functions that stop this link's requests

  /** Makes a request, which fails as lost without an answer in time. */
  async _fetch(path, { _query, _token, headers, wait = 0, _stops: stops = this._stops, ...more }, read) {
    const { _client: client } = this;
    const { _login: login, _cookie: cookie, _base: base } = client;
    const { fetch, credentials, timeout } = client._options;
    const bearer = login ?? _token;
    const all = {
      // Browsers manage cookies themselves and ignore this header.
      ...(bearer && { authorization: `Bearer ${bearer}` }), ...(more.body && { 'content-type': 'application/json' }), ...headers, ...(cookie && { cookie }),
    };
    new Headers(all); // a token that does not fit into a header is no failure of the network
    const stop = new AbortController();
    let halt;
    const halted = new Promise((_, reject) => {
      halt = (why = 'the request was stopped') => {
        stop.abort();
        reject(lost(why));
      };
    });
    const timer = setTimeout(halt, wait + timeout, `no answer from ${base} in ${wait + timeout} ms`);
    const asked = async () => {
      const answer = await fetch(client._url(path, { ..._query, token: login && _token }), {
        method: more.body && 'POST', credentials, cache: 'no-store', ...more, signal: stop.signal, headers: all,
      });
      const cookies = answer.headers.getSetCookie?.() ?? [];
      if (cookies.length) client._cookie = cookies.map((each) => each.split(';')[0]).join('; ');
      if (answer.ok) return read(answer, timer);
      const { status } = answer;
      const reply = await answer.json().catch(nothing) ?? {};
      const message = reply.detail ?? reply.error ?? `HTTP ${status}`;
      // Browsers hide the header from pages of other sites.
      const after = waitIn(message) ?? (answer.headers.get('retry-after') ?? NaN) * 1_000;
      throw new EarshotError(message, { status, reply, after });
    };
    stops.add(halt);
    try {
      return await Promise.race([asked(), halted]);
    } catch (error) {
      throw error.name === 'EarshotError' ? error : lost(`no answer from ${base}: ${error.cause?.message ?? error.message}`);
    } finally {
      clearTimeout(timer);
      stops.delete(halt);
    }
  }

  /** Makes a request for JSON, also about a room; once more, with a newer login or token, if the server refuses that. */
  async _json(path, { _room: room, _query, ...more }, body) {
    const { _client: client } = this;
    for (let tries = 1; ; tries++) {
      const token = room && await this._token(room);
      const { _login: login } = client;
      try {
        return await this._fetch(path, {
          ...more, _token: token, _query: { room: room?.name, ..._query }, body: body && JSON.stringify(body),
        }, (answer) => answer.json());
      } catch (error) {
        const { status } = error;
        if (tries > 1 || !(status === 401 ? login ?? token : status === 403 && token)) throw error;
        this._tokens.delete(room);
        if (login && login === client._login) await (this._newer ??= client._loadLogin().finally(() => { this._newer = null; }));
      }
    }
  }

  /** Makes a request again, after a pause, while the server refuses it for having too much to do. */
  _patiently(request, isOver = () => this._over) {
    return this._client._persist(async () => {
      if (isOver()) throw lost();
      return request();
    }, ({ status, after, message }) => status !== 429 && !(status >= 500 && (after >= 0 || /try again/.test(message))));
  }

  _say(room, entry) {
    const post = () => this._post(room, entry);
    return this._client._posting = this._client._posting.then(post, post);
  }

  /** Repeats a POST until it is answered. By its idempotency key the server delivers it once. */
  async _post(room, { message, messageId, _aim }) {
    const { _client: client } = this;
    const body = { message, ..._aim };
    this._fitting(body);
    return client._persist(async () => {
      room._check();
      const said = await this._json('/messages', { _room: room, _stops: client._stops, headers: { 'idempotency-key': messageId } }, body);
      // A browser may send no cookie, and then each POST has an id of its own.
      client._poster = { from: said.from, _isKnown: !!client._cookie || client._poster.from === said.from };
      return said;
    }, ({ lost: isLost, _noToken, status, message: why }) => !(isLost || _noToken || status >= 500 || status === 429) || waitIn(why) >= 0 || !room._isActive());
  }

  _members(room) {
    return this._patiently(() => this._json('/rooms', { _room: room }));
  }

  async _action(name, params) {
    const answer = await this._json(`/api/${encodeURIComponent(name)}`, { wait: 3 * this._client._options.timeout }, { ...params });
    if (answer.error) throw new EarshotError(answer.error, { reply: answer });
    return answer;
  }

  _quit() {
    return this._client._posting;
  }

  _stop() {
    this._stops.forEach((halt) => halt());
  }
}

class StreamLink extends HttpLink {
  _key = random();
  _outbox = []; // requests that are not sent yet
  _slack = 2_500; // the server counts seconds

  async _open() {
    const { _client: client } = this;
    const rooms = this._rooms();
    // The first requests open the stream, so that the server that has the stream has them.
    rooms.forEach((room) => this._enter(room));
    await Promise.race([Promise.allSettled(rooms.map((room) => this._token(room))), client._sleep(GRACE)]);
    this._waited = true;
    await new Promise((resolve) => { setTimeout(resolve); }); // their requests are in the outbox now
    if (this._over) throw lost();
    this._first = quiet(this._barrier());
    await new Promise((resolve, reject) => {
      this._welcomed = resolve;
      const body = JSON.stringify({ stream: this._key, requests: this._next(), pingInterval: client._options.heartbeat });
      const more = { body, headers: { accept: 'text/event-stream' }, _query: { inbox: client._login && client.inbox.cursor } };
      this._patiently(() => this._fetch('/rooms', more, (answer, timer) => this._read(answer, timer)))
        .then(() => lost('the stream has ended'), (error) => error).then((error) => {
          reject(error);
          this._cut({ error, reason: this._bye?.reason });
        });
    });
    this._watch();
    if (this._outbox.length) this._flush();
  }

  async _read(answer, timer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const { _welcomed } = this;
    this._welcomed = () => {
      clearTimeout(timer);
      _welcomed();
    };
    for (let text = ''; ;) {
      const { value, done } = await reader.read();
      if (done) return;
      this._hears();
      const lines = (text + value).split('\n');
      text = lines.pop();
      for (const line of lines) if (line.startsWith('data: ') && !this._over) this._take(line.slice(6));
    }
  }

  _send(text) {
    this._outbox.push(text);
    if (this._isOpen && this._outbox.length === 1) queueMicrotask(() => this._flush());
  }

  /** The requests of the next POST. */
  _next() {
    return this._outbox.splice(0, BATCH).map((text) => JSON.parse(text));
  }

  /** Sends the requests in order: one POST after the other. */
  async _flush() {
    if (this._flushing) return;
    this._flushing = true;
    while (this._outbox.length && !this._over) {
      const requests = this._next();
      try {
        await this._patiently(() => this._json('/rooms', {}, { stream: this._key, requests }));
      } catch (error) {
        // The stream has ended, or another server has it. A new stream begins with all rooms.
        if (requests.some(({ event }) => event !== 'detailsView')) this._cut({ error });
        else requests.forEach(({ messageId }) => this._pending.get(messageId)?._reject(lost(error.message)));
      }
    }
    this._flushing = false;
  }

  /** The first one is a request that opens the stream. */
  _barrier() {
    const { _first } = this;
    this._first = null;
    return _first ?? super._barrier();
  }
}

class PollLink extends HttpLink {
  _polls = [];

  async _open() {
    const { _client: client } = this;
    client._welcomed(await this._patiently(() => this._json('/rooms', {}, { rooms: [] })));
    this._most = Math.min(256, client.limits?.rooms ?? BATCH);
  }

  /** A poll asks for the inbox as for a room. */
  _rooms() {
    return this._client.user ? this._client._all() : super._rooms();
  }

  /** Adds a room to the first poll that has space for it. */
  async _begin(room) {
    let poll = this._polls.find(({ _places }) => _places.size < this._most);
    if (!poll) {
      check(this._polls.length < POLLS, `a client has at most ${POLLS * this._most} rooms over polls`);
      this._polls.push(poll = new Poll(this));
      poll._run().catch((error) => this._cut({ error }));
    }
    const place = deferred({ _next: room.cursor });
    poll._places.set(room, place);
    poll._turn();
    if (!room._isActive()) this._drop(room); // left in the meantime
    return place._promise;
  }

  _history(room, before = '', limit) {
    return this._json('/messages', { _room: room, _query: { before, limit } });
  }

  _exit(room) {
    this._drop(room)?._turn();
  }

  _drop(room) {
    super._drop(room);
    const poll = this._polls.find(({ _places }) => _places.has(room));
    poll?._places.get(room)._resolve();
    poll?._places.delete(room);
    return poll;
  }

  _signal(room, what) {
    return this._json('/signals', { _room: room }, what);
  }

  /** A poll is checked by the next one. */
  _check() {
    for (const poll of this._polls) {
      poll._isHasty = true;
      poll._turn();
    }
  }

  _stop() {
    super._stop();
    this._polls.forEach((poll) => poll._turn());
  }

  async _barrier() {}
}

/** One poll after the other, of the same rooms. */
class Poll {
  _places = new Map(); // rooms, and where the client is in their order
  _turn = nothing; // begins the next poll now

  constructor(link) {
    this._link = link;
  }

  async _run() {
    const { _link: link } = this;
    while (!link._over) {
      const turn = deferred();
      this._turn = turn._resolve;
      await null;
      const rooms = [...this._places].filter(([room]) => room._isActive());
      if (!rooms.length) {
        await turn._promise;
        continue;
      }
      const tokens = await Promise.all(rooms.map(([room]) => link._token(room).catch(nothing)));
      const isNew = this._isHasty || rooms.some(([, { _begun }]) => !_begun);
      this._isHasty = false;
      const wait = isNew ? 0 : link._client._options.heartbeat;
      const body = {
        wait,
        rooms: rooms.map(([room, { _next, _begun }], i) => ({
          room: room.name, after: _next ?? undefined, token: tokens[i] ?? undefined, limit: _next || _begun ? 1_000 : 0,
          history: _begun && !_next ? undefined : room._asks,
        })),
      };
      const stops = isNew ? link._stops : new Set();
      let isTurned;
      let since;
      const asked = link._patiently(() => {
        since = clock();
        return link._json('/rooms', { wait, _stops: stops }, body);
      }, () => isTurned || link._over);
      const answer = await (isNew ? asked : Promise.race([asked, turn._promise]));
      isTurned = !answer;
      if (isTurned) {
        stops.forEach((halt) => halt());
        continue;
      }
      // A server that stops answers at once. It is better not to ask again at once.
      const isNews = answer.rooms.some(({ messages, recovered }) => messages?.length !== 0 || recovered === false);
      if (!isNews && clock() - since < wait / 2) throw lost('the server is stopping');
      rooms.forEach(([room, place], i) => {
        if (this._places.get(room) === place) this._heard(room, place, answer.rooms[i], tokens[i]);
      });
    }
  }

  _heard(room, place, answer, token) {
    const { _link: link } = this;
    const { error, messages, recovered } = answer;
    const again = error && (token || link._client._login) && !room._isRefused; // it may have expired
    room._isRefused = again;
    try {
      if (error) throw new EarshotError(error, { reply: answer });
      if (!place._begun || recovered === false) room._arrived(recovered === false && messages.length && !answer.history ? { recovered } : answer);
      if (place._next || place._begun || answer.history) messages.forEach((said) => room._receive(said));
      place._next = cursorOf(answer);
      place._begun = true;
      place._resolve();
    } catch (refusal) {
      if (!again) place._reject(refusal);
      if (!error) return;
      link._forget(room);
      if (again) link._client._enter(link, [room]);
      else if (place._begun) room._refused(refusal);
    }
  }
}

const LINKS = { websocket: SocketLink, sse: StreamLink, poll: PollLink };
