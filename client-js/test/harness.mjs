// What the tests are made with: the servers that the Maven build has started, a proxy that fails on
// demand, and a WebSocket that leads to nobody.
import net from 'node:net';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { Earshot } from '../src/earshot.js';

const given = Object.fromEntries(process.argv.slice(2).map((pair) => pair.split('=')));
/** A server as it is out of the box; one with sessions; and where to ask for a restart of the first. */
export const port = Number(given.port ?? 8080);
export const sessions = Number(given.sessions ?? 0);
export const control = Number(given.control ?? 0);
/** The folder of all the source. */
export const root = given.root ?? new URL('../..', import.meta.url).pathname;

const clients = new Set();
/** A client that is closed when the test is over. */
export function connect(to = port, options = {}) {
  const client = new Earshot(`http://127.0.0.1:${to}`, { backoff: [20, 200], ...options });
  clients.add(client);
  return client;
}
export async function closeAll() {
  await Promise.all([...clients].map((client) => client.close()));
  clients.clear();
}

let rooms = 0;
/** A room that no other test is in; its name is no plain word. */
export const aRoom = () => `room ${++rooms}/ü`;
/** One in which something was said, so that it remembers what comes after that. */
export async function aPast() {
  const name = aRoom();
  const body = new URLSearchParams({ message: 'once upon a time' });
  await fetch(`http://127.0.0.1:${port}/rooms/${encodeURIComponent(name)}/messages`, { method: 'POST', body });
  return name;
}

/** A token for a private room of the server with sessions. */
export function token(room, milliseconds) {
  const part = (what) => Buffer.from(JSON.stringify(what)).toString('base64url');
  const exp = Math.ceil((Date.now() + milliseconds) / 1000);
  const text = `${part({ alg: 'HS256', kid: 'k1', typ: 'JWT' })}.${part({ room, sub: 'ada', can: ['join', 'say', 'listen'], exp })}`;
  return `${text}.${createHmac('sha256', 'a secret that only tests know of').update(text).digest('base64url')}`;
}

/** Keeps what a room tells, and waits for so much of it. */
export function tape(room, event = 'message') {
  const heard = [];
  let check = () => {};
  room.on(event, (what) => {
    heard.push(what);
    check();
  });
  heard.until = (done) => new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`heard only ${JSON.stringify(heard)}`)), 20_000);
    check = () => {
      if (!done(heard)) return;
      clearTimeout(late);
      resolve(heard);
    };
    check();
  });
  heard.count = (n) => heard.until(() => heard.length >= n);
  heard.texts = () => heard.map(({ message }) => message);
  return heard;
}

/** Passes bytes on to a port until it is told to cut, to refuse, or to let nothing through. */
export async function proxy(to) {
  const pairs = new Set();
  let refusing = false;
  const server = net.createServer((near) => {
    if (refusing) return near.destroy();
    const far = net.connect(to, '127.0.0.1');
    const pair = { near, far };
    pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    for (const end of [near, far]) {
      end.on('error', () => {});
      end.on('close', () => {
        near.destroy();
        if (!pair.held) far.destroy();
        pairs.delete(pair);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    /** Cuts what is open, and until `up` lets nobody in if `stay`. */
    cut(stay = false) {
      refusing = stay;
      pairs.forEach(({ near }) => near.resetAndDestroy());
    },
    /** Cuts clients off while the server still takes them for connected; answers how to end that. */
    abandon() {
      const held = [...pairs];
      for (const pair of held) {
        pair.held = true;
        pair.near.resetAndDestroy();
      }
      return () => held.forEach(({ far, late = [] }) => {
        late.forEach((bytes) => far.write(bytes));
        far.end();
      });
    },
    /** From now on what clients send is on its way, and stays there until what `abandon` answered is called. */
    stall: () => pairs.forEach((pair) => {
      pair.late = [];
      pair.near.unpipe(pair.far);
      pair.near.on('data', (bytes) => pair.late.push(bytes));
      pair.near.resume();
    }),
    /** From now on answers are lost, and the server hears all the same. */
    deafen: () => pairs.forEach(({ near, far }) => {
      far.unpipe(near);
      far.resume();
    }),
    up: () => { refusing = false; },
    close() {
      pairs.forEach(({ near }) => near.destroy());
      server.close();
    },
  };
}

/** A WebSocket whose server is a function: it gets each request, and answers with `tell`. */
export function fakeSocket(serve) {
  return class {
    constructor(url) {
      this.url = new URL(url);
      queueMicrotask(() => serve({ event: 'open' }, this.tell, this));
    }

    tell = (what) => queueMicrotask(() => this.onmessage?.({ data: JSON.stringify(what) }));

    send(text) {
      const request = JSON.parse(text);
      const ok = { context: 'response', status: 'OK', messageId: request.messageId };
      if (request.event === 'detailsView') this.tell({ ...ok, data: { id: 'me' } });
      else serve(request, (more = {}) => this.tell({ ...ok, ...more }), this);
    }

    close(code = 1006) {
      queueMicrotask(() => this.onclose?.({ code, reason: '' }));
    }
  };
}
