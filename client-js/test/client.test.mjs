// Tests with real servers; JavaScriptClientTest starts them. By hand, with ./earshot running:
// node --experimental-websocket test/client.test.mjs port=8080
import assert from 'node:assert/strict';
import test, { afterEach, describe } from 'node:test';
import { Earshot, EarshotError } from '../src/earshot.js';
import { aRoomWithHistory, aRoom, closeAll, connect, control, fakeSocket, port, proxy, sessions, tape, token } from './harness.mjs';

const HAS_SOCKETS = typeof WebSocket === 'function';
const only = (...transports) => ({ transports });
afterEach(closeAll);

/** Records a room's messages over a connection that is never cut. */
async function witness(name, to = port) {
  const room = connect(to, only(HAS_SOCKETS ? 'websocket' : 'sse')).join(name);
  await room.joined;
  return tape(room);
}

// These tests run over every transport.
for (const kind of HAS_SOCKETS ? ['websocket', 'sse', 'poll'] : ['sse', 'poll']) {
  describe(`over ${kind}`, () => {
    test('a client joins a room, sends and receives', async () => {
      const name = await aRoomWithHistory();
      const alice = connect(port, only(kind));
      const states = tape(alice, 'state');
      const attic = alice.join(name);
      assert.equal(alice.state, 'connecting');
      assert.equal(await attic.joined, attic);
      assert.equal(alice.transport, kind);
      const bob = connect(port, only(kind)).join(name);
      await bob.joined;
      const [heard, own] = [tape(attic), tape(bob)];
      const said = await bob.say({ x: 1.5, y: [true, null] });
      assert.equal(typeof said.epoch, 'string');
      await heard.count(1);
      assert.deepEqual(heard[0].message, { x: 1.5, y: [true, null] });
      assert.equal(heard[0].offset, said.offset);
      assert.equal(heard[0].recovered, false);
      // A client does not receive its own messages, and receives those after them.
      await attic.say('thanks');
      await own.count(1);
      assert.deepEqual(own.texts(), ['thanks']);
      await alice.close();
      assert.deepEqual([...states], ['open', 'closed']);
      await assert.rejects(attic.say('too late'), EarshotError);
    });

    test('messages keep their order, also if two clients send the same ones at once', async () => {
      const name = await aRoomWithHistory();
      const [a, b] = [0, 1].map(() => connect(port, only(kind)).join(name));
      await Promise.all([a.joined, b.joined]);
      const [heardByA, heardByB] = [tape(a), tape(b)];
      const all = Array.from({ length: 20 }, (_, i) => i % 3);
      await Promise.all(all.flatMap((text) => [a.say(text), b.say(text)]));
      await Promise.all([heardByA.count(20), heardByB.count(20)]);
      await Promise.all([a.say('end'), b.say('end')]);
      await Promise.all([heardByA.count(21), heardByB.count(21)]);
      assert.deepEqual(heardByA.texts(), [...all, 'end']);
      assert.deepEqual(heardByB.texts(), [...all, 'end']);
    });

    test('after a cut no message is lost or delivered twice', async () => {
      const name = await aRoomWithHistory();
      const wire = await proxy(port);
      const there = await witness(name);
      const away = connect(wire.port, only(kind));
      const room = away.join(name);
      const heard = tape(room);
      await room.joined;
      const other = connect().join(name);
      await other.joined;
      await other.say('before');
      await room.say('mine before');
      await heard.count(1);
      const back = tape(room, 'recovered');
      wire.cut(true);
      const said = [room.say('mine while away 1'), room.say('mine while away 2')];
      await other.say('while away 1');
      await other.say('while away 2');
      wire.up();
      await Promise.all(said);
      await back.count(1);
      await other.say('after');
      await heard.until(() => heard.some(({ message }) => message === 'after'));
      assert.deepEqual(heard.texts(), ['before', 'while away 1', 'while away 2', 'after']);
      assert.deepEqual(heard.map(({ recovered }) => recovered), [false, true, true, false]);
      assert.equal(room.recovered, 2);
      assert.equal(back[0].count, 2);
      await there.count(7);
      assert.deepEqual(there.texts().filter((text) => text.startsWith('mine')), ['mine before', 'mine while away 1', 'mine while away 2']);
      wire.close();
    });

    test('with cuts at any moment, each message is delivered once and in order', async () => {
      const name = await aRoomWithHistory();
      const wire = await proxy(port);
      const there = await witness(name);
      const room = connect(wire.port, only(kind)).join(name);
      await room.joined;
      const heard = tape(room);
      const other = connect().join(name);
      await other.joined;
      const [mine, theirs] = [[], []];
      const answers = [];
      for (let i = 0; i < 60; i++) {
        mine.push(`mine ${i % 7}`); // the same texts occur again
        answers.push(room.say(mine.at(-1)));
        theirs.push(`theirs ${i}`);
        await other.say(theirs.at(-1));
        if (i % 12 === 5) wire.deafen();
        if (i % 12 === 7) wire.cut();
      }
      const places = await Promise.all(answers);
      assert.deepEqual(places.map(({ offset }) => offset), places.map(({ offset }) => offset).sort((a, b) => a - b));
      await there.count(120);
      await heard.count(60);
      await other.say('end');
      await heard.count(61);
      await there.count(121);
      assert.deepEqual(heard.texts(), [...theirs, 'end']);
      assert.deepEqual(there.texts().filter((text) => text.startsWith('mine')), mine);
      assert.deepEqual(there.filter(({ message }) => message.startsWith('mine')).map(({ offset }) => offset), places.map(({ offset }) => offset));
      wire.close();
    });

    test('a message that is too long or not JSON is rejected, and those after it are delivered', async () => {
      const name = await aRoomWithHistory();
      const there = await witness(name);
      const client = connect(port, only(kind));
      const room = client.join(name);
      const circle = {};
      circle.circle = circle;
      const soon = [circle, 5n, undefined].map((message) => assert.rejects(room.say(message), TypeError));
      await room.joined;
      const late = [circle, 5n, () => 1].map((message) => assert.rejects(room.say(message), TypeError));
      const tooLong = assert.rejects(room.say('ü'.repeat(40_000)), /at most 65536 bytes/);
      await assert.rejects(client.action('status', circle), TypeError);
      const changing = { said: 1 };
      const answers = [room.say(changing), room.say('last')];
      changing.said = 2;
      await Promise.all([...soon, ...late, tooLong, ...answers]);
      await there.count(2);
      assert.deepEqual(there.texts(), [{ said: 1 }, 'last']);
    });

    test('a restart of the server is reported as a gap, and waiting messages are sent', { skip: !control && 'needs control' }, async () => {
      const name = await aRoomWithHistory();
      const client = connect(port, only(kind));
      const room = client.join(name);
      await room.joined;
      await room.say('in the old order');
      const [gaps, states] = [tape(room, 'gap'), tape(client, 'state')];
      const restarted = fetch(`http://127.0.0.1:${control}/restart`);
      await states.until(() => states.includes('reconnecting'));
      const said = room.say('in the new one');
      assert.equal((await restarted).status, 200);
      await said;
      await gaps.count(1);
      assert.equal(gaps[0].room, name);
      assert.equal(gaps[0].missed, undefined);
      assert.equal(client.state, 'open');
      const late = connect(port, only(kind)).join(name);
      const heard = tape(room);
      await late.joined;
      await late.say('hello');
      await heard.count(1);
      assert.deepEqual(heard.texts(), ['hello']);
    });

    test('another client can use a saved cursor', async () => {
      const name = await aRoomWithHistory();
      const first = connect(port, only(kind)).join(name);
      await first.joined;
      const other = connect().join(name);
      await other.joined;
      const heard = tape(first);
      await other.say('one');
      await heard.count(1);
      const after = first.cursor;
      await first._client.close();
      await other.say('two');
      const second = connect(port, only(kind)).join(name, { after });
      const late = tape(second);
      await late.count(1);
      assert.deepEqual(late.texts(), ['two']);
      // A cursor of an unknown order is reported as a gap.
      const third = connect(port, only(kind)).join(name, { after: 'nowhere:3' });
      const gaps = tape(third, 'gap');
      await third.joined;
      await gaps.count(1);
      assert.equal(gaps[0].from, 'nowhere:3');
    });

    test('an action resolves with its answer or rejects with its error', async () => {
      const client = connect(port, only(kind));
      const { randomNumber, ...rest } = await client.action('randomNumber');
      assert.equal(typeof randomNumber, 'number');
      assert.deepEqual(rest, {});
      await assert.rejects(client.action('fly', { high: true }), { name: 'EarshotError', message: /fly is not a known action/ });
    });

    test('the members are known, and joins and leaves are events', async () => {
      const name = await aRoomWithHistory();
      const there = connect(port).join(name);
      await there.joined;
      const room = connect(port, only(kind)).join(name, { presence: true });
      await room.joined;
      const [joins, leaves] = [tape(room, 'join'), tape(room, 'leave')];
      assert.ok((await room.members()).includes(there._client.id ?? (await there.members())[0]));
      const guest = connect(port).join(name);
      await guest.joined;
      await joins.count(1);
      const { from } = joins.at(-1);
      assert.ok(room.present.has(from));
      await guest.leave();
      await leaves.until(() => leaves.some((left) => left.from === from));
      assert.ok(!room.present.has(from));
    });

    test('a client listens to a room without being a member', async () => {
      const name = await aRoomWithHistory();
      const member = connect(port).join(name);
      await member.joined;
      await member.say('so that it remembers');
      const room = connect(port, only(kind)).listen(name);
      await room.joined;
      const heard = tape(room);
      await member.say('can you hear me?');
      await heard.count(1);
      assert.deepEqual(heard.texts(), ['can you hear me?']);
      assert.equal((await member.members()).length, 1);
      await assert.rejects(room.say('I can'), EarshotError);
      await room.leave();
      await member.say('and now?');
      assert.equal(heard.length, 1);
    });

    test('a private room needs a token, and the client gets newer ones', { skip: !sessions && 'needs sessions' }, async () => {
      const name = `private.${aRoom()}`;
      const anonymous = connect(sessions, only(kind)).join(name);
      await assert.rejects(anonymous.joined, EarshotError);
      const asked = [];
      let wanted;
      const often = new Promise((resolve) => { wanted = resolve; });
      const client = connect(sessions, { ...only(kind), token: async (room) => {
        if (asked.push(room) > 2) wanted();
        return token(room, asked.length > 2 ? 60_000 : 3_000);
      } });
      const room = client.join(name);
      await room.joined;
      const other = connect(sessions, { token: token(name, 60_000) }).join(name);
      await other.joined;
      const heard = tape(room);
      await other.say('one');
      await room.say('two');
      await heard.count(1);
      if (kind !== 'poll') await often; // with polls the next request is refused instead
      await other.say('three');
      await room.say('four');
      await heard.count(2);
      assert.deepEqual(heard.texts(), ['one', 'three']);
      assert.deepEqual([...new Set(asked)], [name]);
    });

    test('a client is in two rooms at once, and joins others later', async () => {
      const [one, two, three] = [await aRoomWithHistory(), await aRoomWithHistory(), await aRoomWithHistory()];
      const client = connect(port, only(kind));
      const [first, second] = [client.join(one), client.join(two)];
      const [in1, in2] = [tape(first), tape(second)];
      const guest = connect();
      const guests = [one, two, three].map((name) => guest.join(name));
      await Promise.all([first, second, ...guests].map((room) => room.joined));
      await guests[0].say('to the first');
      await guests[1].say('to the second');
      await Promise.all([in1.count(1), in2.count(1)]);
      // A client that leaves its first room stays in the others.
      await first.leave();
      const third = client.join(three);
      await third.joined;
      const in3 = tape(third);
      await Promise.all(guests.map((room) => room.say('again')));
      await Promise.all([in2.count(2), in3.count(1)]);
      assert.deepEqual(in1.texts(), ['to the first']);
      assert.deepEqual(in2.texts(), ['to the second', 'again']);
      assert.deepEqual(in3.texts(), ['again']);
      if (kind === 'websocket') assert.equal((await guests[0].members()).length, 1);
    });
  });
}

describe('over a WebSocket', { skip: !HAS_SOCKETS && 'needs --experimental-websocket' }, () => {
  test('a client enters no room that it has not joined', async () => {
    const lobby = await witness('defaultRoom');
    const client = connect();
    const name = aRoom();
    await client.join(name).joined;
    const [, other] = [await client.join(aRoom()).joined, await connect().join('defaultRoom').joined];
    await other.say('is anybody here?');
    await lobby.count(1);
    assert.equal((await other.members()).includes(client.id), false);
  });

  test('a message with a match is delivered only to matching clients', async () => {
    const name = aRoom();
    const [a, b, c] = [0, 1, 2].map(() => connect().join(name));
    const posting = connect(port, only('sse')).join(name);
    await Promise.all([a, b, c, posting].map((room) => room.joined));
    const [heardByB, heardByC] = [tape(b), tape(c)];
    for (const speaker of [a, posting]) {
      await speaker.say('for bob', { match: { id: b._client.id } });
      await speaker.say('for all');
    }
    await heardByB.count(4);
    await heardByC.count(2);
    assert.deepEqual(heardByC.texts(), ['for all', 'for all']);
    await assert.rejects(a.say('?', { match: { id: 1, name: 2 } }), TypeError);
  });

  test('a client that listens and then joins misses no message in between', async () => {
    const name = aRoom();
    const other = connect().join(name);
    await other.joined;
    await other.say('so that it remembers');
    const client = connect();
    const ear = client.listen(name);
    await ear.joined;
    const heard = tape(ear);
    await other.say('one');
    await heard.count(1);
    const room = client.join(name);
    const late = tape(room);
    await other.say('two');
    await room.joined;
    await room.say('three');
    await late.count(1);
    assert.deepEqual(late.texts(), ['two']);
    assert.deepEqual((await other.members()).length, 2);
  });

  test('a refused join rejects, and nothing else changes', async () => {
    const client = connect();
    const room = client.join(aRoom());
    const bad = client.join('no\u0007bell');
    const errors = tape(client, 'error');
    await assert.rejects(bad.joined, EarshotError);
    assert.equal(errors.length, 1);
    await room.joined;
    await room.say('fine');
    await assert.rejects(bad.say('?'), EarshotError);
    assert.deepEqual([...client.rooms.keys()], [room.name]);
  });

  test('no message is delivered twice while the server still holds the old connection', async () => {
    const name = aRoom();
    const wire = await proxy(port);
    const there = await witness(name);
    const room = connect(wire.port, only('websocket')).join(name);
    await room.joined;
    await room.say('one');
    const old = room._client.id;
    wire.deafen();
    const said = room.say('two');
    await there.count(2);
    const ended = wire.abandon(); // the server still holds the old connection
    const again = tape(room, 'recovered');
    await again.count(1);
    const other = connect().join(name);
    await other.joined;
    assert.ok((await other.members()).includes(old));
    ended();
    assert.equal((await said).offset, there[1].offset);
    await room.say('three');
    await there.count(3);
    assert.deepEqual(there.texts(), ['one', 'two', 'three']);
    wire.close();
  });

  test('a message that arrives late over a lost connection is not delivered again', async () => {
    const name = await aRoomWithHistory();
    const wire = await proxy(port);
    const there = await witness(name);
    const room = connect(wire.port, only('websocket')).join(name);
    await room.joined;
    wire.stall();
    const said = room.say('one');
    await new Promise((resolve) => setImmediate(resolve));
    const arrives = wire.abandon();
    await said; // over the next connection
    const observer = connect().join(name);
    await observer.joined; // or the leave could come before it
    const old = tape(observer, 'leave');
    arrives();
    await old.count(1); // the message arrived there before that
    await room.say('two');
    await there.count(2);
    assert.deepEqual(there.texts(), ['one', 'two']);
    wire.close();
  });

  test('with sessions a client keeps its id, and unanswered messages are delivered once', { skip: !sessions && 'needs sessions' }, async () => {
    const name = aRoom();
    const wire = await proxy(sessions);
    const there = await witness(name, sessions);
    const client = connect(wire.port, only('websocket'));
    const room = client.join(name);
    const other = connect(sessions).join(name);
    await Promise.all([room.joined, other.joined]);
    const [heard, back, moves] = [tape(room), tape(room, 'recovered'), tape(other, 'leave')];
    const { id } = client;
    await room.say('one');
    for (let round = 1; round < 4; round++) {
      wire.deafen();
      const said = room.say(`unanswered ${round}`);
      await there.count(2 * round);
      wire.cut(true);
      await other.say(`while away ${round}`);
      const late = client.join(`${name} ${round}`); // a new room is joined as well
      wire.up();
      await said;
      await back.count(round);
      await late.joined;
      assert.equal(client.id, id);
    }
    await other.say('end');
    await heard.count(4);
    await there.count(8);
    assert.deepEqual(heard.texts(), ['while away 1', 'while away 2', 'while away 3', 'end']);
    assert.deepEqual(there.texts(), ['one', 'unanswered 1', 'while away 1', 'unanswered 2', 'while away 2', 'unanswered 3', 'while away 3', 'end']);
    assert.equal(moves.length, 0);
    // A room that was left while disconnected is left after the reconnect.
    wire.cut(true);
    await room.leave();
    wire.up();
    await moves.count(1);
    wire.close();
  });

  test('an action without an answer rejects as lost', async () => {
    const wire = await proxy(port);
    const client = connect(wire.port, only('websocket'));
    await client.action('randomNumber');
    wire.deafen();
    const asked = client.action('randomNumber');
    const refused = assert.rejects(asked, { lost: true });
    wire.cut();
    await refused;
    assert.equal(typeof (await client.action('randomNumber')).randomNumber, 'number');
    wire.close();
  });

  test('a silent connection is detected', async () => {
    const wire = await proxy(port);
    const client = connect(wire.port, { ...only('websocket'), heartbeat: 100 });
    const room = client.join(aRoom());
    await room.joined;
    const states = tape(client, 'state');
    wire.deafen();
    await states.until(() => states.at(-1) === 'open');
    assert.deepEqual([...states], ['reconnecting', 'open']);
    wire.close();
  });
});

describe('transports', () => {
  test('without WebSockets the client uses streams, and without streams polls', async () => {
    class Blocked {
      constructor() { queueMicrotask(() => this.onclose({ code: 1006, reason: '' })); }
      close() {}
    }
    const name = await aRoomWithHistory();
    const one = connect(port, { WebSocket: Blocked });
    const errors = tape(one, 'error');
    await one.join(name).joined;
    assert.equal(one.transport, 'sse');
    assert.ok(errors.length >= 1);
    // A fetch that buffers whole answers, as some proxies and apps do.
    const whole = async (...all) => {
      const answer = await fetch(...all);
      if (!answer.headers.get('content-type').includes('event-stream')) return answer;
      await answer.body.cancel();
      return new Response(null, { headers: answer.headers });
    };
    const two = connect(port, { WebSocket: Blocked, fetch: whole });
    const room = two.join(name);
    await room.joined;
    assert.equal(two.transport, 'poll');
    const heard = tape(one.rooms.get(name));
    await room.say('hello');
    await heard.count(1);
  });

  test('in a Node without WebSockets the client uses streams at once', async () => {
    const client = connect(port, { WebSocket: undefined });
    const errors = tape(client, 'error');
    await client.join(aRoom()).joined;
    assert.equal(client.transport, 'sse');
    assert.equal(errors.length, 0);
  });

  test('all POSTs of a client have the same sender', async () => {
    const name = aRoom();
    const there = await witness(name);
    const room = connect(port, only('sse')).join(name);
    await room.joined;
    await room.say('one');
    await room.say('two');
    await there.count(2);
    assert.equal(there[0].from, there[1].from);
  });

  test('an invalid address throws', () => {
    for (const url of ['localhost:8080', 'tcp://localhost:5000', 'ftp://localhost', 'nowhere']) {
      assert.throws(() => new Earshot(url), TypeError);
    }
  });

  test('an unavailable transport throws', () => {
    assert.throws(() => new Earshot('ws://localhost', { ...only('websocket'), WebSocket: undefined }), /no WebSocket/);
  });

  test('closing rejects everything that waits', async () => {
    const client = connect(1, { backoff: [10_000, 10_000] }); // no server
    const room = client.join('attic');
    const said = room.say('hello?');
    const asked = client.action('status');
    const refused = [room.joined, said, asked].map((promise) => assert.rejects(promise, /closed/));
    await new Promise((resolve) => client.on('error', resolve));
    await client.close();
    await Promise.all(refused);
    assert.equal(client.state, 'closed');
    assert.throws(() => client.join('attic'), /closed/);
  });
});

// With a fake WebSocket, for events that are rare with real servers. Once the server of the build has
// rate limits, start one with them in JavaScriptClientTest as well.
describe('messages of the server', () => {
  const welcome = { welcome: 'Hello!', room: 'attic', context: 'api', epoch: 'e', offset: 1 };
  const fake = (serve, options) => connect(port, { ...only('websocket'), WebSocket: fakeSocket(serve), ...options });

  test('messages over the rate limit are sent again later, in order and under the same ids', async () => {
    const said = [];
    let tries = 0;
    let isBurst = true;
    const client = fake((request, tell) => {
      if (request.event === 'open') tell(welcome);
      else if (request.event !== 'say') tell();
      else if (said.length < 2 || (!isBurst && ++tries % 2 === 0)) tell({ epoch: 'e', offset: said.push(request) });
      else tell({ status: undefined, error: 'Error: too many messages; try again in 5 ms' });
    });
    const room = client.join('attic');
    await room.joined;
    setTimeout(() => { isBurst = false; });
    const places = await Promise.all([1, 2, 3, 4, 5].map((text) => room.say(text)));
    assert.deepEqual(places.map(({ offset }) => offset), [1, 2, 3, 4, 5]);
    assert.deepEqual(said.map(({ message }) => message), [1, 2, 3, 4, 5]);
    assert.equal(new Set(said.map(({ messageId }) => messageId)).size, 5);
  });

  test('the client gets a token for each join, and a new one before it expires', async () => {
    const asked = [];
    const seen = [];
    let socket;
    const client = fake((request, tell, self) => {
      socket = self;
      if (request.event === 'open') return tell({ ...welcome, room: 'defaultRoom' });
      seen.push([request.event, request.room, request.token]);
      tell({ room: request.room, epoch: 'e', offset: 1, rooms: ['attic'] });
    }, { token: async (room) => `token ${asked.push(room)}` });
    const room = client.join('attic');
    await room.joined;
    assert.deepEqual(seen, [['roomChange', 'attic', 'token 2']]);
    const ear = client.listen('cellar', { token: 'its own' });
    await ear.joined;
    socket.tell({ context: 'token', room: 'attic', status: 'expiring', expiresAt: 1 });
    socket.tell({ context: 'token', room: 'cellar', status: 'expired' });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(seen.slice(1).sort(), [
      ['listenToRoom', 'cellar', 'its own'], ['listenToRoom', 'cellar', 'its own'], ['tokenRefresh', undefined, 'token 3'],
    ]);
    assert.deepEqual(asked, ['attic', 'attic', 'attic']);
  });

  test('the client retries when there is no token', async () => {
    let tries = 0;
    const token = async () => {
      if (++tries < 3) throw new Error('no token service');
      return 'token';
    };
    const client = fake((request, tell) => tell(request.event === 'open' ? welcome : { room: 'attic', epoch: 'e', offset: 1 }), { token });
    const errors = tape(client, 'error');
    await client.join('attic').joined;
    assert.match(errors[0].message, /no token for attic: no token service/);
  });

  test('over HTTP the token is in a header, and an expired one is replaced', async () => {
    const seen = [];
    const stub = async (url, { headers }) => {
      seen.push(headers.authorization);
      if (headers.authorization === 'Bearer 1') return Response.json({ detail: 'expired' }, { status: 401 });
      if (url.includes('wait')) return new Promise(() => {});
      return Response.json({ messages: [], epoch: 'e', offset: 1 });
    };
    let tokens = 0;
    const room = connect(port, { ...only('poll'), fetch: stub, token: () => String(++tokens) }).join('attic');
    await room.joined;
    assert.deepEqual(seen.slice(0, 2), ['Bearer 1', 'Bearer 2']);
  });

  test('a dismissed client does not reconnect', async () => {
    let sockets = 0;
    const client = fake((request, tell, socket) => {
      if (request.event === 'open') tell(welcome), sockets++;
      else if (request.event === 'say') {
        tell({ status: 'Bye!', reason: 'you are rude', messageId: undefined });
        socket.close(1000);
      } else tell();
    });
    const errors = tape(client, 'error');
    const room = client.join('attic');
    await room.joined;
    await assert.rejects(room.say('!'), /closed/);
    assert.equal(client.state, 'closed');
    assert.match(errors.at(-1).message, /you are rude/);
    assert.equal(sockets, 1);
  });

  test('messages that the server leaves out for a slow client are a gap', async () => {
    let socket;
    const client = fake((request, tell, self) => {
      socket = self;
      tell(request.event === 'open' ? welcome : undefined);
    });
    const room = client.join('attic');
    const gaps = tape(room, 'gap');
    await room.joined;
    socket.tell({ context: 'gap', room: 'attic', epoch: 'e', from: 17, to: 40, missing: 24 });
    await gaps.count(1);
    assert.deepEqual(gaps[0], { room: 'attic', from: 'e:16', to: 'e:40', missed: 24, reason: 'behind' });
    assert.equal(room.cursor, 'e:40');
  });
});
