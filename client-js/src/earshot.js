// A client of an Earshot server, for browsers, workers, and Node 20 or newer, without dependencies.
// earshot.d.ts documents the public classes and methods.

const ENTERED = 'I have entered the room';
const LEFT = 'I have left the room';
const TRY_AGAIN = /try again in (\d+) ms/;
const TOO_LONG = /have at most (\d+) bytes/;
const nothing = () => {};
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const cursorOf = ({ epoch, offset }) => (epoch ? `${epoch}:${offset}` : null);
const offsetIn = (cursor, epoch) =>
  cursor?.startsWith(`${epoch}:`) ? +cursor.slice(epoch.length + 1) : -1;

/** An object with a promise and the functions that settle it, and more fields. */
const deferred = (fields) => {
  const result = { ...fields };
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
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
/** A copy of a message: the program may change its own object before the message is sent. */
const copy = (message) => {
  const text = JSON.stringify(message);
  if (text === undefined) throw new TypeError('the message is not a JSON value');
  return JSON.parse(text);
};
const url = (room) => `/rooms/${encodeURIComponent(room.name)}`;

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
  _held = []; // a received message that may be the client's own, and the messages after it
  _live = false; // whether this link delivers the room's messages
  _ready = false; // whether the missed messages have been delivered as well

  constructor(client, name, { after, token, presence } = {}, listening = false) {
    super();
    Object.assign(this, { _client: client, name, listening, cursor: after ?? null, _token: token, _presence: presence });
    this._joined = deferred();
    this.joined = this._joined.promise;
    this.joined.catch(nothing); // the error event reports it as well
  }

  say(message, { match } = {}) {
    const entry = deferred({ messageId: this._client._next(), by: null });
    const [pair, ...more] = Object.entries(match ?? {});
    try {
      entry.message = copy(message);
    } catch (error) {
      entry.reject(error);
      return entry.promise;
    }
    if (match && (!pair || more.length)) {
      entry.reject(new TypeError('match needs one key and its value'));
    } else if (this.listening || !this._isActive()) {
      entry.reject(new EarshotError('you are not in this room'));
    } else if (this._outbox.length >= this._client._options.queue) {
      entry.reject(new EarshotError('too many messages wait to be sent'));
    } else {
      if (pair) entry.aim = { roomMatchKey: pair[0], roomMatchValue: pair[1] };
      this._outbox.push(entry);
      this._flush();
    }
    return entry.promise;
  }

  async members() {
    await this.joined;
    return (await this._client._retry((link) => link.members(this))).members;
  }

  async leave() {
    const link = this._live && this._client._link;
    if (!this._isActive()) return;
    this._client.rooms.delete(this.name);
    this._end(new EarshotError('you have left this room'));
    if (link) await link.exit(this).catch(nothing);
  }

  /** The link delivers the room's messages from now on. Called before the next message is handled. */
  _arrived(heard) {
    const before = this.cursor;
    Object.assign(this, { _live: true, _was: true, _held: [], _count: 0, _joinReply: heard });
    if (heard.recovered) return;
    this.cursor = cursorOf(heard);
    this._own.clear();
    if (before) {
      const known = offsetIn(before, heard.epoch);
      this._gap(before, this.cursor, known < 0 ? undefined : Math.max(0, heard.offset - known), 'forgotten');
    }
  }

  /** The missed messages have been delivered. */
  async _caughtUp(link) {
    const { recovered, epoch, offset } = this._joinReply;
    if (recovered) {
      if (!link.http && offset > offsetIn(this.cursor, epoch)) this.cursor = cursorOf(this._joinReply);
      this.emit('recovered', { room: this.name, count: this._count });
    }
    try {
      if (this._presence && !this.listening) await this._loadMembers(link);
    } catch (error) {
      if (error.lost) return link.cut({ error });
      this._client.emit('error', error);
    }
    if (link.over || !this._live) return;
    // Send messages without an answer again: by its id the server delivers each once.
    for (const entry of this._outbox) if (!entry.by?.http) entry.by = null;
    this._ready = true;
    this._joined.resolve(this);
    this._flush();
  }

  // --- sending ---

  _flush() {
    const link = this._client._link;
    if (!this._ready || Date.now() < this._notBefore) return; // a later call sends them
    for (const entry of this._outbox) {
      if (this._slow && this._outbox.some((other) => other.by)) return;
      if (entry.by) continue;
      entry.by = link;
      link.say(this, entry).then((said) => this._accepted(entry, said), (error) => this._failed(entry, error));
    }
    if (!this._outbox.length) this._slow = false;
  }

  _drop(entry) {
    this._outbox = this._outbox.filter((other) => other !== entry);
    this._release();
    queueMicrotask(() => this._flush());
    return entry;
  }

  _accepted(entry, { epoch, offset }) {
    if (entry.by.http) this._own.add(cursorOf({ epoch, offset }));
    this._drop(entry).resolve({ epoch, offset });
  }

  _failed(entry, error) {
    if (error.lost || !this._outbox.includes(entry)) return; // it is sent again after the reconnect
    const [, wait] = TRY_AGAIN.exec(error.message) ?? [];
    if (wait) {
      // Send one at a time from now on, to keep their order.
      entry.by = null;
      this._slow = true;
      this._notBefore = Date.now() + +wait;
      this._client._sleep(+wait).then(() => {
        this._notBefore = 0;
        this._flush();
      });
    } else {
      this._drop(entry).reject(error);
    }
  }

  // --- receiving ---

  _receive(said) {
    if (!this._live || offsetIn(this.cursor, said.epoch) >= said.offset) return;
    this._held.push(said);
    this._release();
  }

  _release() {
    const mayBeOwn = (said) => this._outbox.some((entry) => entry.by?.http && same(entry.message, said.message));
    while (this._held.length && !mayBeOwn(this._held[0])) this._deliver(this._held.shift());
  }

  _deliver(said) {
    const { message, from, sentAt, epoch, offset } = said;
    if (this.cursor && offsetIn(this.cursor, epoch) < 0) this._gap(this.cursor, cursorOf(said), undefined, 'order');
    this.cursor = cursorOf(said);
    if (this._own.delete(this.cursor)) return;
    if (this._client._ids.has(from)) return; // sent by this client under an earlier id
    const recovered = !!this._joinReply.recovered && offset <= offsetIn(cursorOf(this._joinReply), epoch);
    const what = { room: this.name, from, sentAt, epoch, offset, recovered };
    const kind = message === ENTERED ? 'join' : message === LEFT ? 'leave' : 'message';
    if (kind !== 'message') {
      this._memberMoved(kind, from, offset);
    } else {
      what.message = message;
      if (recovered) this._count++, this.recovered++;
    }
    this.emit(kind, what);
  }

  _gap(from, to, missed, reason) {
    this.emit('gap', { room: this.name, from, to, missed, reason });
  }

  _leftOut({ epoch, from, to, missing }) {
    if (!this._live) return;
    this.cursor = cursorOf({ epoch, offset: to });
    this._gap(cursorOf({ epoch, offset: from - 1 }), this.cursor, missing, 'behind');
  }

  // --- presence ---

  async _loadMembers(link) {
    const moves = this._moves = [];
    const { members, offset = 0 } = await link.members(this);
    this._moves = null;
    this.present = new Set(members);
    moves.filter((move) => move[2] > offset).forEach((move) => this._memberMoved(...move));
    this.emit('presence', this.present);
  }

  _memberMoved(kind, id, offset) {
    if (this._moves) return void this._moves.push([kind, id, offset]);
    if (!this.present) return;
    this.present[kind === 'join' ? 'add' : 'delete'](id);
    this.emit('presence', this.present);
  }

  // --- leaving ---

  _isActive() {
    return this._client.rooms.get(this.name) === this;
  }

  _disconnected() {
    this._live = this._ready = false;
  }

  _end(error) {
    this._disconnected();
    this._joined.reject(error);
    for (const entry of this._outbox.splice(0)) {
      entry.promise.catch(nothing); // not an unhandled rejection, even if the program ignores it
      entry.reject(error);
    }
  }

  _refused(error) {
    if (this._isActive()) this._client.rooms.delete(this.name);
    this._end(error);
    this.emit('error', error);
    this._client.emit('error', error);
  }
}

// --- client --------------------------------------------------------------------------------------

const DEFAULTS = {
  transports: ['websocket', 'sse', 'poll'],
  backoff: [500, 15_000], timeout: 10_000, heartbeat: 30_000, queue: 1_000,
};

export class Earshot extends Emitter {
  rooms = new Map();
  state = 'connecting';
  id = null;
  transport = null;
  _ids = new Set(); // all ids that this client has had
  _posting = Promise.resolve();
  _waiting = [];
  _wakes = new Set();
  _failedRounds = 0; // rounds over all transports without a welcome
  // The prefix of message ids. It is long enough to be unique, so that the server recognises a
  // repeated message on any connection.
  _name = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, 0)).join('');
  _count = 0;

  constructor(url, options) {
    super();
    if (url?.constructor === Object) [options, url] = [url];
    this._options = { ...DEFAULTS, WebSocket: globalThis.WebSocket, fetch: globalThis.fetch, ...options };
    const base = new URL(url ?? '/', globalThis.location?.href);
    this._base = base.href.replace(/^ws/, 'http').replace(/[?#].*/, '').replace(/\/(ws)?$/, '');
    if (!/^https?:/.test(this._base)) throw new TypeError(`not ws: or http: ${url}`);
    if (!this._kinds()[0]) throw new TypeError('no WebSocket here');
    this._wake = () => this._wakes.forEach((wake) => wake());
    globalThis.addEventListener?.('online', this._wake);
    this._run();
  }

  join(name, options) {
    return this._room(name, options, false);
  }

  listen(name, options) {
    return this._room(name, options, true);
  }

  async action(name, params = {}) {
    const { context, messageCount, messageId, serverInformation, requestorInformation, ...answer } =
      await (await this._opened()).action(name, params);
    return answer;
  }

  async close() {
    if (this.state === 'closed') return;
    const open = this.state === 'open';
    this._set('closed');
    globalThis.removeEventListener?.('online', this._wake);
    this._wake();
    if (open) await Promise.race([this._link.quit().catch(nothing), this._sleep(1_000)]);
    this._link?.cut({});
    this._waiting.splice(0).forEach(({ reject }) => reject(closed()));
    this.rooms.forEach((room) => room._end(closed()));
    this.rooms.clear();
    this._wake();
  }

  _room(name, options, listening) {
    if (this.state === 'closed') throw closed();
    const known = this.rooms.get(name);
    if (known && (listening || !known.listening)) return known;
    const room = new Room(this, name, options, listening);
    if (known) {
      room.cursor ??= known.cursor;
      known.leave();
    }
    this.rooms.set(name, room);
    if (this.state === 'open') this._enter(this._link, [room]);
    return room;
  }

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

  _set(state) {
    if (this.state !== state && this.state !== 'closed') this.emit('state', (this.state = state));
  }

  _next() {
    return `${this._name}-${++this._count}`;
  }

  _url(path, query = {}) {
    const url = new URL(this._base + path);
    for (const [key, value] of Object.entries(query)) if (value != null) url.searchParams.set(key, value);
    return url.href;
  }

  async _token(room) {
    const token = room._token ?? this._options.token;
    try {
      return typeof token === 'function' ? await token(room.name) : token;
    } catch (error) {
      throw lost(`no token for ${room.name}: ${error.message}`);
    }
  }

  // --- connecting and reconnecting ---

  async _run() {
    await null; // so that rooms joined right after the constructor are known
    const [least, most] = this._options.backoff;
    for (let failures = 1; ; failures++) {
      const since = Date.now();
      const end = await this._round();
      if (this.state === 'closed') return;
      if (end?.dismissed) {
        this.emit('error', new EarshotError(end.reason));
        return this.close();
      }
      this._failedRounds = end ? 0 : this._failedRounds + 1;
      if (end && Date.now() - since > 5_000) failures = 1;
      this._set(this.transport ? 'reconnecting' : 'connecting');
      await this._sleep(end?.reconnectAfter ?? Math.random() * Math.min(most, least * 2 ** failures));
      if (this.state === 'closed') return;
    }
  }

  /** Tries the transports in order until one opens. Resolved with the reason when it ends. */
  async _round() {
    for (const kind of this._kinds()) {
      const link = this._link = kind === 'websocket' ? new SocketLink(this, kind) : new HttpLink(this, kind);
      let end;
      try {
        await link.open();
        this.transport = kind;
        this._enter(link, [...this.rooms.values()]);
        end = await link.ended;
        if (end.error) this.emit('error', end.error);
      } catch (error) {
        link.cut({});
        if (this.state !== 'closed') this.emit('error', error);
      }
      this.rooms.forEach((room) => room._disconnected());
      if (end || this.state === 'closed') return end;
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
    try {
      await Promise.all(rooms.map((room) => link.enter(room).catch((error) => {
        if (error.lost) throw error;
        room._refused(error);
      })));
      await link.barrier();
      if (this.state !== 'open') this._isOpen(link);
      for (const room of rooms) {
        if (room._live) room._caughtUp(link);
        else if (!this.rooms.has(room.name)) link.exit(room).catch(nothing); // left in the meantime
      }
    } catch (error) {
      link.cut({ error });
    }
  }

  _isOpen(link) {
    if (link.over) return;
    const late = [...this.rooms.values()].filter((room) => !room._live);
    this._set('open');
    if (late.length) this._enter(link, late); // joined in the meantime
    this._waiting.splice(0).forEach(({ resolve }) => resolve(link));
  }

  async _opened() {
    if (this.state === 'open') return this._link;
    if (this.state === 'closed') throw closed();
    return this._waiting[this._waiting.push(deferred()) - 1].promise;
  }

  /** Makes a request that is safe to repeat, until it is answered. */
  async _retry(what) {
    for (;;) {
      const link = await this._opened();
      try {
        return await what(link);
      } catch (error) {
        if (!error.lost) throw error;
        await this._sleep(100);
      }
    }
  }

  /** Handles a message that is not a reply. */
  _received(data, link) {
    const room = this.rooms.get(data.room);
    if (!room) return;
    if (data.context === 'user') room._receive(data);
    else if (data.context === 'gap') room._leftOut(data);
    else if (data.context === 'room') {
      link.out(room);
      room._refused(new EarshotError(data.reason || 'this room is closed', { reply: data }));
    }
    else if (data.context === 'token' && data.status === 'expiring') link.refresh(room).catch((error) => this.emit('error', error));
    else if (data.context === 'token') {
      room._disconnected();
      link.out(room);
      this._enter(link, [room]);
    }
  }
}

// --- links: one connection each, or a set of HTTP requests ---------------------------------------

class Link {
  constructor(client, kind) {
    Object.assign(this, { _client: client, kind, _end: deferred() });
    this.ended = this._end.promise;
  }

  cut(end) {
    if (this.over) return;
    this.over = true;
    this.stop();
    // The server has dismissed the client, which must not reconnect.
    const dismissed = end.code === 4000 || (end.code === 1000 && this.bye);
    this._end.resolve({ ...end, ...this.bye, dismissed });
  }
}

// --- over a WebSocket ----------------------------------------------------------------------------

class SocketLink extends Link {
  pending = new Map();
  back = new Set(); // rooms that the client is in without a request on this link

  async open() {
    const { _client: client } = this;
    const { WebSocket, timeout, heartbeat } = client._options;
    const session = client._session;
    const first = session ? null : [...client.rooms.values()].find((room) => !room.listening);
    const token = first && await client._token(first);
    // The URL of a room leads straight into the room, without the default room. But a failed handshake
    // gives no reason, and proxies see a token in a URL. So with a token connect to /ws, without one to
    // the room; after a failure use the other.
    if (this.over) throw lost();
    const byUrl = first && !token === (client._failedRounds % 2 === 0);
    const address = byUrl ? client._url(url(first), { after: first.cursor, token }) : client._url('/ws');
    await new Promise((resolve, reject) => {
      this.welcomed = (welcome) => {
        this.current = welcome.room;
        if (byUrl) this.isIn(first, welcome);
        else this.stray = true; // in a room that the program has not joined
        this.session = welcome.session;
        resolve();
      };
      this.socket = new WebSocket(address.replace(/^http/, 'ws'));
      this.socket.onmessage = ({ data }) => this.over || this.take(JSON.parse(data));
      this.socket.onerror = this.socket.onclose = ({ code, reason }) => {
        const [, most] = TOO_LONG.exec(reason) ?? [];
        // Do not repeat a request that is too long.
        if (most) this.pending.forEach((asked) => {
          if (new TextEncoder().encode(asked.text).length > most) asked.reject(new EarshotError(reason));
        });
        this.cut({ code, reason });
        reject(new EarshotError(`no WebSocket at ${client._base}`));
      };
      this.timer = setTimeout(() => reject(new EarshotError('the server sent no welcome over the WebSocket')), timeout);
    });
    clearTimeout(this.timer);
    this.timer = setInterval(() => {
      // Compare with the last request, not with the clock: timers are suspended in hidden pages.
      if (this.heardAt < this.asked) return this.cut({});
      if (Date.now() - this.heardAt < 0.9 * heartbeat) return;
      this.asked = Date.now();
      this.barrier().catch(nothing);
    }, heartbeat);
    if (session) await this.resume(session);
    client._session = this.session;
  }

  isIn(room, heard) {
    this.back.add(room);
    room._arrived(heard);
  }

  async resume(session) {
    const { _client: client } = this;
    const after = {};
    client.rooms.forEach(({ name, cursor }) => { if (cursor) after[name] = cursor; });
    const strange = [];
    try {
      await this.request({ event: 'resume', session, after }, (reply) => {
        this.session = reply.session;
        for (const heard of reply.rooms) {
          const room = client.rooms.get(heard.room);
          if (room?._was) this.isIn(room, heard);
          else strange.push({ name: heard.room }, { name: heard.room, listening: true });
        }
        this.current = reply.room;
        this.stray = !this.back.has(client.rooms.get(reply.room));
      });
    } catch (error) {
      if (error.lost) throw error; // otherwise the session is gone, and the client has a new id
    }
    for (const room of strange) this.exit(room).catch(nothing);
  }

  take(data) {
    this.heardAt = Date.now();
    const asked = this.pending.get(data.messageId);
    if (data.context === 'api') {
      this.welcomed(data);
    } else if (data.context !== 'response') {
      this._client._received(data, this);
    } else if (asked) {
      this.pending.delete(data.messageId);
      const [, wait] = TRY_AGAIN.exec(data.error) ?? [];
      // Messages are repeated by their room, which keeps their order.
      if (wait && !asked.says) return this._client._sleep(+wait).then(asked.send);
      if (data.error) return asked.reject(new EarshotError(data.error, { reply: data }));
      asked.now?.(data);
      asked.resolve(data);
    } else if (data.status === 'Bye!') {
      this.bye = data;
    }
  }

  request(what, now) {
    const messageId = what.messageId ?? this._client._next();
    const asked = deferred({ now, says: what.event === 'say', text: JSON.stringify({ ...what, messageId }) });
    asked.send = () => {
      if (this.over) return asked.reject(lost());
      this.pending.set(messageId, asked);
      this.socket.send(asked.text);
    };
    asked.send();
    return asked.promise;
  }

  async enter(room) {
    if (this.back.delete(room)) return;
    const token = await this._client._token(room);
    const { name, listening, cursor } = room;
    const event = listening ? 'listenToRoom' : this.stray ? 'roomChange' : 'roomAdd';
    if (event === 'roomChange') [this.stray, this.current] = [false, name];
    const arrived = (heard) => room._arrived(heard);
    await this.request({ event, room: name, after: cursor, token }, arrived)
      .catch((error) => {
        if (error.lost || !/already/.test(error.message)) throw error;
        arrived({}); // the request was done before the connection was lost
      });
  }

  exit(room) {
    const isCurrent = this.out(room);
    return this.request({ event: room.listening ? 'silenceRoom' : 'roomLeave', room: room.name }, (reply) => {
      if (isCurrent && !this.current) [this.current, this.stray] = [reply.room, !this._client.rooms.has(reply.room)];
    });
  }

  /** The client has left a room. Without a current room it is in the default room. */
  out(room) {
    if (room.listening || room.name !== this.current) return false;
    this.current = null;
    this.stray = ![...this._client.rooms.values()].some((other) => other !== room && !other.listening);
    return true;
  }

  async refresh(room) {
    await this.request({ event: 'tokenRefresh', token: await this._client._token(room) });
  }

  /** A request whose answer arrives after all messages before it. It also loads the client's id. */
  async barrier() {
    const { data } = await this.request({ event: 'detailsView' });
    this._client._ids.add(this.id = this._client.id = data.id);
  }

  say(room, { message, messageId, aim }) {
    return this.request({ event: 'say', room: room.name, message, messageId, ...aim });
  }

  async members(room) {
    return (await this.request({ event: 'roomView', room: room.name })).roomStatus;
  }

  action(name, params) {
    return this.request({ event: 'action', params: { ...params, action: name } });
  }

  quit() {
    return this.request({ event: 'quit' });
  }

  stop() {
    clearTimeout(this.timer);
    this.socket?.close();
    this.pending.forEach(({ reject }) => reject(lost()));
  }
}

// --- over HTTP: a stream or a long poll for each room, and a POST for each say -------------------

class HttpLink extends Link {
  http = true;
  entered = new Map();

  async open() {
    const [first] = this._client.rooms.values();
    if (first) await this.enter(first).catch((error) => { if (!error.status || error.status >= 500) throw error; });
    else await this.ask('/rooms/-');
    this.isOpen = true;
  }

  async ask(path, { room, query, headers, again, ...more } = {}) {
    const { _client: client } = this;
    const { fetch, credentials } = client._options;
    const token = room && (room._fresh ??= await client._token(room));
    const answer = await fetch(client._url(path, query), {
      credentials, cache: 'no-store', ...more,
      // Browsers manage cookies themselves and ignore this header.
      headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }), ...(client._cookie && { cookie: client._cookie }) },
    }).catch((error) => { throw lost(`no answer from ${client._base}: ${error.cause?.message ?? error.message}`); });
    const cookies = answer.headers.getSetCookie?.() ?? [];
    if (cookies.length) client._cookie = cookies.map((cookie) => cookie.split(';')[0]).join('; ');
    if (answer.ok) return answer;
    if ((answer.status === 401 || answer.status === 403) && token && !again) {
      delete room._fresh; // the token may have expired
      return this.ask(path, { room, query, headers, again: true, ...more });
    }
    const problem = await answer.json().catch(() => ({}));
    throw new EarshotError(problem.detail ?? problem.error ?? `HTTP ${answer.status}`, { status: answer.status, reply: problem });
  }

  async json(path, more, body) {
    if (body) more = { ...more, headers: { ...more.headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return (await this.ask(path, more)).json();
  }

  enter(room) {
    if (!this.entered.has(room)) {
      const stop = new AbortController();
      const hears = new Promise((resolve, reject) => {
        delete room._fresh;
        const timer = setTimeout(() => reject(lost('the server sent no welcome over HTTP')), this._client._options.timeout);
        const arrived = (heard) => resolve(room._arrived(heard), clearTimeout(timer));
        const way = this.kind === 'poll' || room.listening ? 'poll' : 'stream';
        this[way](room, arrived, stop.signal).then(() => lost(), (error) => error).then((error) => {
          clearTimeout(timer);
          reject(error);
          if (this.isOpen && !stop.signal.aborted && !(error.status < 500)) this.cut({ error });
          else if (room._live && !stop.signal.aborted) room._refused(error);
        });
      });
      this.entered.set(room, { hears, stop });
    }
    return this.entered.get(room).hears;
  }

  async stream(room, arrived, signal) {
    const query = { after: room.cursor };
    const answer = await this.ask(url(room), { room, query, signal, headers: { accept: 'text/event-stream' } });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const silent = setTimeout(() => this.cut({}), 3 * this._client._options.heartbeat);
      const { value, done } = await reader.read().finally(() => clearTimeout(silent));
      if (done) return;
      const lines = (text + value).split('\n');
      text = lines.pop();
      for (const line of lines) {
        if (!line.startsWith('data: ') || signal.aborted) continue;
        const data = JSON.parse(line.slice(6));
        if (data.context === 'api') arrived(data);
        else if (data.status === 'Bye!') this.bye = data;
        else this._client._received(data, this);
      }
    }
  }

  async poll(room, arrived, signal) {
    let next = room.cursor;
    for (let wait = 0; ; wait = 25_000) {
      const query = { after: next, wait: wait || null, limit: next || wait ? 1_000 : 1 };
      const answer = await this.json(`${url(room)}/messages`, { room, query, signal });
      if (signal.aborted) return;
      const { messages, recovered, epoch, offset } = answer;
      if (!wait || recovered === false) arrived(recovered === false && messages.length ? { recovered } : answer);
      if (next || wait) messages.forEach((said) => room._receive(said));
      next = cursorOf({ epoch, offset });
    }
  }

  async exit(room) {
    this.out(room);
  }

  out(room) {
    this.entered.get(room)?.stop.abort();
    this.entered.delete(room);
  }

  async refresh() {
    this.cut({}); // a stream cannot change its token
  }

  /** Waits for the answer to a later request: by then most missed messages have arrived. */
  async barrier() {
    if (this.kind === 'sse') await this.ask('/rooms/-').catch(nothing);
  }

  say(room, entry) {
    return this._client._posting = this._client._posting.then(() => this.post(room, entry), () => this.post(room, entry));
  }

  /** Repeats a POST until it is answered. By its idempotency key the server delivers it once. */
  async post(room, { message, messageId, aim }) {
    const [least, most] = this._client._options.backoff;
    for (let tries = 1; ; tries++) {
      try {
        return await this.json(`${url(room)}/messages`, { room, method: 'POST', headers: { 'idempotency-key': messageId } }, { message, ...aim });
      } catch (error) {
        const refused = error.status < 500 && error.status !== 429;
        if (refused || TRY_AGAIN.test(error.message) || !room._isActive()) throw error;
        await this._client._sleep(Math.random() * Math.min(most, least * 2 ** tries));
      }
    }
  }

  async members(room) {
    return this.json(url(room), { room });
  }

  async action(name, params) {
    const answer = await this.json(`/api/${encodeURIComponent(name)}`, { method: 'POST' }, params);
    if (answer.error) throw new EarshotError(answer.error, { reply: answer });
    return answer;
  }

  quit() {
    return this._client._posting;
  }

  stop() {
    this.entered.forEach(({ stop }) => stop.abort());
  }
}
