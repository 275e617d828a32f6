// Tests with real servers; JavaScriptClientTest starts them. By hand, with ./earshot running:
// node --experimental-websocket test/client.test.mjs port=8080
import assert from 'node:assert/strict';
import test, { afterEach, describe } from 'node:test';
import { Earshot, EarshotError } from '../src/earshot.js';
import { aRoomWithHistory, aRoom, busy, closeAll, connect, control, fakeSocket, login, port, proxy, sessions, tape, token, users } from './harness.mjs';

const HAS_SOCKETS = typeof WebSocket === 'function';
/** The ids of who is present in a room. */
const present = (room) => room.present.map(({ id }) => id);
const only = (...transports) => ({ transports });
afterEach(closeAll);

/** Records a room's messages over a connection that is never cut. */
async function witness(name, to = port) {
  const room = connect(to, only(HAS_SOCKETS ? 'websocket' : 'sse')).join(name);
  await room.joined;
  return tape(room);
}

/** A user with an inbox of their own, whose messages come from the staff. */
function withInbox(to, name = `Ada ${aRoom()}`) {
  const inbox = encodeURIComponent(`@${name.toLowerCase()}`);
  const tell = async (message) => {
    const answer = await fetch(`http://127.0.0.1:${to}/rooms/${inbox}/messages`, {
      method: 'POST', body: JSON.stringify({ message }),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${login('Cleo', 60_000, { role: 'staff' })}` },
    });
    assert.equal(answer.status, 201, await answer.text());
  };
  return { name, tell };
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

    test('a client that joins with a history receives the newest messages first, its own included', async () => {
      const name = await aRoomWithHistory();
      const alice = connect(port, only(kind)).join(name);
      await alice.joined;
      const bob = connect(port, only(kind));
      for (let i = 1; i <= 3; i++) await alice.say(i);
      const before = bob.join(name);
      await before.joined;
      await before.say(4);
      await before.leave();
      const room = bob.join(name, { history: 3 });
      const heard = tape(room);
      await room.joined;
      assert.deepEqual(heard.texts(), [2, 3, 4]);
      assert.deepEqual(heard.map(({ history, recovered }) => [history, recovered]), Array(3).fill([true, false]));
      await alice.say(5);
      await heard.count(4);
      assert.equal(heard[3].message, 5);
      assert.equal(heard[3].history, false);
      assert.equal(room.recovered, 0);
      const listener = connect(port, only(kind)).listen(name, { history: 1_000 });
      const all = tape(listener);
      await listener.joined;
      assert.deepEqual(all.texts(), ['once upon a time', 1, 2, 3, 4, 5]);
    });

    test('a client reads the history of its room page by page', async () => {
      const name = await aRoomWithHistory();
      const room = connect(port, only(kind)).join(name);
      const heard = tape(room);
      for (let i = 1; i <= 4; i++) await room.say(i);
      const newest = await room.history({ limit: 2 });
      assert.deepEqual(newest.messages.map(({ message }) => message), [3, 4]);
      assert.equal(newest.more, true);
      assert.equal(newest.messages[0].room, name);
      const { epoch, offset } = newest.messages[0];
      for (const before of [newest.messages[0], `${epoch}:${offset}`]) {
        const page = await room.history({ before });
        assert.deepEqual(page.messages.map(({ message }) => message), ['once upon a time', 1, 2]);
        assert.equal(page.more, false);
      }
      assert.deepEqual(heard.texts(), []);
      await assert.rejects(room.history({ limit: 1_000_000 }), /limit must be a number from 1 to 1000/);
      await assert.rejects(room.history({ before: 'yesterday' }), /before must be the cursor/);
      await assert.rejects(connect(port, only(kind)).join(aRoom(), { history: 1_001 }).joined, /history must be a number from 0 to 1000/);
    });

    test('after a cut a client with a history receives what it missed, and nothing again', async () => {
      const name = await aRoomWithHistory();
      const wire = await proxy(port);
      const away = connect(wire.port, only(kind));
      const room = away.join(name, { history: 10 });
      const heard = tape(room);
      const other = connect().join(name);
      await Promise.all([room.joined, other.joined]);
      await other.say('before');
      await heard.count(2);
      const [back, states] = [tape(room, 'recovered'), tape(away, 'state')];
      wire.cut(true);
      await other.say('while away');
      await states.until(() => states.includes('reconnecting'));
      wire.up();
      await back.count(1);
      assert.deepEqual(heard.texts(), ['once upon a time', 'before', 'while away']);
      assert.deepEqual(heard.map(({ history, recovered }) => [history, recovered]), [[true, false], [false, false], [false, true]]);
      wire.close();
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
      const [back, states] = [tape(room, 'recovered'), tape(away, 'state')];
      wire.cut(true);
      const said = [room.say('mine while away 1'), room.say('mine while away 2')];
      await other.say('while away 1');
      await other.say('while away 2');
      // Polls notice the cut only by the next one.
      await states.until(() => states.includes('reconnecting'));
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
      assert.ok(present(room).includes(from));
      await guest.leave();
      await leaves.until(() => leaves.some((left) => left.from === from));
      assert.ok(!present(room).includes(from));
    });

    test('a message with the text of an announcement is a message', async () => {
      const name = await aRoomWithHistory();
      const room = connect(port, only(kind)).join(name, { presence: true });
      await room.joined;
      const [heard, leaves] = [tape(room), tape(room, 'leave')];
      const guest = connect(port).join(name);
      await guest.joined;
      await guest.say('I have left the room');
      await guest.say('I have entered the room');
      await heard.count(2);
      assert.deepEqual(heard.texts(), ['I have left the room', 'I have entered the room']);
      assert.ok((await room.members()).includes(heard[0].from) === present(room).includes(heard[0].from));
      assert.equal(leaves.length, 0);
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

    test('a dead network is noticed, and a say that has no answer is said again', async () => {
      const name = await aRoomWithHistory();
      const wire = await proxy(port);
      const there = await witness(name);
      const client = connect(wire.port, { ...only(kind), heartbeat: 300, timeout: 300 });
      const room = client.join(name);
      await room.joined;
      const states = tape(client, 'state');
      const heard = tape(room);
      wire.hang();
      const said = room.say('hello?');
      if (kind !== 'websocket') await assert.rejects(client.action('status'), { lost: true });
      await states.until(() => states.includes('reconnecting'));
      const other = connect().join(name);
      await other.joined;
      await other.say('meanwhile');
      wire.up();
      await said;
      await heard.count(1);
      await there.count(2);
      assert.deepEqual(there.texts(), ['meanwhile', 'hello?']);
      assert.deepEqual(heard.texts(), ['meanwhile']);
      wire.close();
    });

    test('joins and leaves right after each other leave no ghosts, and the last one counts', async () => {
      const [name, other] = [await aRoomWithHistory(), await aRoomWithHistory()];
      const client = connect(port, only(kind));
      await client.join(other).joined;
      const guest = connect();
      const [there, elsewhere] = [guest.join(name), guest.join(other)];
      await Promise.all([there.joined, elsewhere.joined]);
      const before = (await elsewhere.members()).length;
      const refused = [];
      for (let i = 0; i < 3; i++) {
        const room = client.join(name);
        refused.push(assert.rejects(room.joined, EarshotError));
        room.leave();
      }
      const ear = client.listen(name);
      refused.push(assert.rejects(ear.joined, EarshotError));
      ear.leave();
      await Promise.all(refused);
      const last = client.join(name);
      const heard = tape(last);
      await last.joined;
      await there.say('you are in');
      await heard.count(1);
      assert.equal((await there.members()).length, kind === 'poll' ? 1 : 2);
      await last.leave();
      client.join(name).leave();
      await client.rooms.get(other).members(); // answered after what was sent before
      const until = Date.now() + 10_000;
      while ((await there.members()).length > 1 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal((await there.members()).length, 1);
      assert.equal((await elsewhere.members()).length, before);
      await there.say('and now you are not');
      assert.deepEqual(heard.texts(), ['you are in']);
    });

    test('odd names of rooms work, and what is no name rejects', async () => {
      const client = connect(port, only(kind));
      const errors = tape(client, 'error');
      const guest = connect();
      for (const name of ['..', '.', 'a/../b', '%2e%2e', '%', '?x=1#y', ' ', '😀', 'x'.repeat(256)]) {
        const [room, there] = [client.join(name), guest.join(name)];
        await Promise.all([room.joined, there.joined]);
        const heard = tape(room);
        await there.say(name);
        await heard.count(1);
        assert.equal(heard[0].room, name);
        await room.say('back');
        assert.ok((await room.members()).length >= 1);
        await Promise.all([room.leave(), there.leave()]);
      }
      assert.deepEqual([...errors], []);
      for (const name of [5, null, undefined, {}, '', '\ud800', 'a\udc00b', 'a\nb', 'x'.repeat(257)]) {
        const bad = client.join(name);
        await assert.rejects(bad.joined, { name: 'EarshotError', message: /room names/ });
        await assert.rejects(bad.say('?'), EarshotError);
        await assert.rejects(client.listen(name).joined, EarshotError);
      }
      for (const after of ['x', 5, 'e:', 'e:x', {}]) await assert.rejects(client.join('attic', { after }).joined, /after must be/);
      assert.deepEqual([...client.rooms.keys()], []);
      assert.equal(client.state, 'open');
    });

    test('a client logs in when it connects, and its messages carry its user', { skip: !users && 'needs users' }, async () => {
      const name = aRoom();
      let asked = 0;
      const ada = connect(users, { ...only(kind), token: async () => login('Ada', 60_000 + ++asked) });
      const [first, second] = [0, 1].map(() => connect(users, { token: login('Bob', 60_000) }));
      const [room, bob, again] = [ada, first, second].map((client) => client.join(name, { presence: true }));
      await bob.joined;
      await again.joined;
      await room.joined;
      assert.equal(asked, 1);
      assert.deepEqual(ada.user, { id: 'ada', name: 'Ada' });
      const [heard, heardByAda, leaves] = [tape(bob), tape(room), tape(room, 'leave')];
      await room.say('I am Ada');
      await bob.say('I am Bob');
      await heard.count(1);
      await heardByAda.count(1);
      assert.deepEqual([heard[0].user, heardByAda[0].user], [ada.user, first.user]);
      assert.deepEqual((await room.history({ limit: 1 })).messages[0].user, first.user);
      // Two connections of a user are one person.
      const all = room.present.map(({ user }) => user.name);
      assert.deepEqual(all.sort(), kind === 'poll' ? ['Bob'] : ['Ada', 'Bob']);
      await again.leave();
      await bob.leave();
      await leaves.count(1);
      assert.deepEqual(leaves.map(({ user }) => user.id), ['bob']);
      assert.ok(!present(room).includes('bob'));
    });

    test('a login is shown beside the token for a private room', { skip: !sessions && 'needs sessions' }, async () => {
      const name = `private.${aRoom()}`;
      const other = connect(sessions).join(name, { token: token(name, 60_000), presence: true });
      await other.joined;
      const [heard, joins] = [tape(other), tape(other, 'join')];
      const client = connect(sessions, { ...only(kind), token: login('Bob', 60_000) });
      const room = client.join(name, { token: token(name, 60_000), presence: true });
      await room.joined;
      await room.say('psst');
      await heard.count(1);
      assert.equal(heard[0].user.name, 'Bob');
      if (kind !== 'poll') {
        await joins.count(1);
        assert.equal(joins[0].user.id, 'bob');
      }
      // Who has not logged in is present under the id of the connection.
      assert.ok(present(room).includes(other._client.id ?? (await other.members())[0]));
    });

    test('a login is renewed before it ends', { skip: !users && 'needs users' }, async () => {
      const name = aRoom();
      let asked = 0;
      let wanted;
      const often = new Promise((resolve) => { wanted = resolve; });
      const client = connect(users, { ...only(kind), heartbeat: 1_000, token: async () => {
        if (++asked > 2) wanted();
        return login('Ada', asked > 2 ? 60_000 : 3_000);
      } });
      const [states, errors, inbox] = [tape(client, 'state'), tape(client, 'error'), tape(client.inbox)];
      const [room, other] = [client, connect(users, { token: login('Bob', 60_000) })].map((each) => each.join(name));
      await room.joined;
      await other.joined;
      const heard = tape(other);
      await often;
      await room.say('still Ada');
      await heard.count(1);
      assert.deepEqual(heard[0].user, { id: 'ada', name: 'Ada' });
      await withInbox(users, 'Ada').tell('still there');
      await inbox.count(1);
      assert.deepEqual([...errors], []);
      assert.deepEqual([...states], ['open']);
    });

    test('after cuts a client receives what it missed of its inbox, once', { skip: !users && 'needs users' }, async () => {
      const { name, tell } = withInbox(users);
      const wire = await proxy(users);
      const client = connect(wire.port, { ...only(kind), token: () => login(name, 60_000) });
      const heard = tape(client.inbox);
      const [back, states, gaps, errors] = [tape(client.inbox, 'recovered'), tape(client, 'state'), tape(client.inbox, 'gap'), tape(client.inbox, 'error')];
      assert.equal(await client.inbox.joined, client.inbox);
      assert.equal(client.inbox.name, `@${name.toLowerCase()}`);
      await tell('first');
      await heard.count(1);
      for (let round = 1; round < 4; round++) {
        wire.cut(true);
        await tell(`missed ${round}`);
        await tell(`missed ${round}, too`);
        await states.until(() => states.filter((state) => state === 'reconnecting').length === round);
        wire.up();
        await back.count(round);
        await tell(`live ${round}`);
        await heard.count(1 + 3 * round);
      }
      const rounds = [1, 2, 3].flatMap((round) => [`missed ${round}`, `missed ${round}, too`, `live ${round}`]);
      assert.deepEqual(heard.texts(), ['first', ...rounds]);
      assert.deepEqual(heard.slice(1).map(({ recovered }) => recovered), [1, 2, 3].flatMap(() => [true, true, false]));
      assert.deepEqual(heard.map(({ room, user, history }) => [room, user.name, history]), heard.map(() => [client.inbox.name, 'Cleo', false]));
      assert.deepEqual(back.map(({ count }) => count), [2, 2, 2]);
      assert.deepEqual([...gaps, ...errors], []);
      assert.equal(client.rooms.size, 0);
      assert.deepEqual((await client.inbox.history({ limit: 2 })).messages.map(({ message }) => message), rounds.slice(-2));
      // Another client of the user goes on at the same place.
      const { cursor } = client.inbox;
      await tell('for the phone');
      const phone = connect(users, { ...only(kind), token: login(name, 60_000), inbox: cursor });
      assert.deepEqual((await tape(phone.inbox).count(1)).texts(), ['for the phone']);
      wire.close();
    });

    test('a client without a login for a while connects when it has one', { skip: !users && 'needs users' }, async () => {
      let asked = 0;
      const client = connect(users, { ...only(kind), token: async () => {
        if (++asked === 1) throw new Error('no token service');
        return login('Ada', asked === 2 ? -3_000 : 60_000); // one that has ended is refused
      } });
      const errors = tape(client, 'error');
      await client.join(aRoom()).joined;
      assert.equal(asked, 3);
      assert.match(errors[0].message, /no token: no token service/);
      assert.equal(client.user.id, 'ada');
    });

    test('a token that fails or never comes holds up its own room only', { skip: !sessions && 'needs sessions' }, async () => {
      const [name, slow, broken] = [aRoom(), `private.${aRoom()}`, `private.${aRoom()}`];
      let works = false;
      const client = connect(sessions, { ...only(kind), timeout: 2_000, token: (room) => {
        if (room === slow) return new Promise((resolve) => { setTimeout(() => works && resolve(token(room, 60_000)), 1_200); });
        if (room === broken && !works) throw new Error('no token service');
        return room === broken ? token(room, 60_000) : undefined;
      } });
      const [states, errors] = [tape(client, 'state'), tape(client, 'error')];
      const [late, bad, room] = [client.join(slow), client.join(broken), client.join(name)];
      await room.joined;
      const other = connect(sessions).join(name);
      await other.joined;
      const heard = tape(room);
      await other.say('one');
      await heard.count(1);
      await errors.count(1);
      assert.match(errors[0].message, /no token for private\..*: no token service/);
      works = true;
      await Promise.all([late.joined, bad.joined]);
      await other.say('two');
      await heard.count(2);
      assert.deepEqual([...states], ['open']);
    });

    test('a second join of a room is the same room, with what it asks for, until both have left', async () => {
      const name = await aRoomWithHistory();
      const client = connect(port, only(kind));
      const errors = tape(client, 'error');
      const room = client.join(name);
      await room.joined;
      assert.equal(room.present, null);
      const again = client.join(name, { presence: true, after: 'e:1' });
      assert.equal(again, room);
      await tape(room, 'presence').until(() => room.present);
      assert.match(errors[0].message, /is joined already/);
      const before = room.present;
      assert.ok(Object.isFrozen(before));
      const changes = tape(room, 'presence');
      const other = connect().join(name);
      await other.joined;
      await changes.count(1);
      assert.notEqual(room.present, before);
      assert.equal(before.length + 1, room.present.length);
      await again.leave();
      const heard = tape(room);
      await other.say('still there?');
      await heard.count(1);
      await room.leave();
      await assert.rejects(room.say('?'), EarshotError);
      assert.equal(client.rooms.size, 0);
    });

    test('a signal reaches the others in the room, and is not repeated', async () => {
      const name = aRoom();
      const room = connect(port, only(kind)).join(name);
      const others = ['sse', ...HAS_SOCKETS ? ['websocket'] : []].map((other) => connect(port, only(other)).join(name));
      const listener = connect(port, only('sse')).listen(name);
      await Promise.all([room, listener, ...others].map(({ joined }) => joined));
      const [heard, ...all] = [room, listener, ...others].map((each) => tape(each, 'signal'));
      assert.equal(await room.signal({ x: 1 }, { kind: 'cursor' }), true);
      for (const each of all) {
        const [{ from, ...signal }] = await each.count(1);
        assert.deepEqual(signal, { room: name, kind: 'cursor', signal: { x: 1 } });
        assert.match(from, /^[0-9a-f]{32,40}$/);
      }
      assert.equal(await others[0].signal('hi'), true);
      if (kind !== 'poll') assert.deepEqual((await heard.count(1)).map(({ signal }) => signal), ['hi']);
      await assert.rejects(room.signal('x'.repeat(4095)), /a signal has at most 4096 bytes as JSON/);
      await assert.rejects(room.signal(() => {}), TypeError);
      await assert.rejects(listener.signal(1), /you are not in this room/);
      await room.leave();
      await assert.rejects(room.signal(1), /you are not in this room/);
      assert.equal(heard.filter(({ signal }) => signal.x).length, 0, 'its own');
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

  test('a room that needs a login is entered again once the program has logged in again', async () => {
    const member = connect(port, only('websocket'));
    await member.action('userLogin');
    const there = member.join('vip.lounge');
    await there.joined;
    const wire = await proxy(port);
    const client = connect(wire.port, only('websocket'));
    await client.action('userLogin');
    const room = client.join('vip.lounge');
    await room.joined;
    const [heard, errors, refusals] = [tape(room), tape(room, 'error'), tape(client, 'error')];
    for (let cuts = 1; cuts <= 2; cuts++) {
      wire.cut();
      await refusals.until((all) => all.filter(({ message }) => /may not join/.test(message)).length === cuts);
      const said = there.say(cuts);
      await client.action('userLogin');
      await Promise.all([said, heard.count(cuts), room.say('back')]);
    }
    assert.deepEqual(heard.texts(), [1, 2]);
    assert.equal(errors.length, 0);
    wire.close();
  });

  test('a program that does not log in again is told that it has lost the room', async () => {
    const wire = await proxy(port);
    const client = connect(wire.port, { ...only('websocket'), timeout: 1_000 });
    await client.action('userLogin');
    const room = client.join('vip.lounge');
    await room.joined;
    const errors = tape(room, 'error');
    wire.cut();
    const waits = room.say('anybody?');
    await assert.rejects(waits, /may not join/);
    await errors.count(1);
    assert.equal(errors.length, 1);
    assert.deepEqual([...client.rooms.keys()], []);
    wire.close();
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
    assert.equal(client.inbox.name, null);
    // A room that was left while disconnected is left after the reconnect.
    wire.cut(true);
    await room.leave();
    wire.up();
    await moves.count(1);
    wire.close();
  });

  test('with sessions a client stays in rooms that the server chose', { skip: !sessions && 'needs sessions' }, async () => {
    const [name, team] = [aRoom(), aRoom()];
    const wire = await proxy(sessions);
    const client = connect(wire.port, only('websocket'));
    const [room, ear, there] = [client.join(name), client.listen(aRoom()), connect(sessions).join(team)];
    await Promise.all([room.joined, ear.joined, there.joined]);
    const [heard, back] = [tape(ear), tape(room, 'recovered')];
    for (const drafted of [team, ear.name]) assert.deepEqual(await client.action('draft', { room: drafted }), { joined: true });
    for (let cuts = 1; cuts < 3; cuts++) {
      wire.cut();
      await back.count(cuts);
      await room.members(); // the requests before it are done
      assert.ok((await there.members()).includes(client.id));
    }
    const member = connect(sessions).join(ear.name);
    await member.say('hello');
    await heard.count(1);
    assert.ok((await member.members()).includes(client.id));
    wire.close();
  });

  test('with sessions the inbox goes on as well', { skip: !sessions && 'needs sessions' }, async () => {
    const { name, tell } = withInbox(sessions);
    const wire = await proxy(sessions);
    const client = connect(wire.port, { ...only('websocket'), token: () => login(name, 60_000) });
    const room = client.join(aRoom());
    const [heard, back] = [tape(client.inbox), tape(client.inbox, 'recovered')];
    await Promise.all([room.joined, client.inbox.joined]);
    const { id } = client;
    for (let round = 1; round < 4; round++) {
      await tell(`live ${round}`);
      await heard.count(2 * round - 1);
      wire.cut(true);
      await tell(`missed ${round}`);
      wire.up();
      await back.count(round);
      assert.deepEqual([client.id, back.at(-1).count], [id, 1]);
    }
    await tell('end');
    await heard.count(7);
    assert.deepEqual(heard.texts(), [1, 2, 3].flatMap((round) => [`live ${round}`, `missed ${round}`]).concat('end'));
    wire.close();
  });

  test('an inbox goes on after the login has ended and begins again', { skip: !sessions && 'needs sessions' }, async () => {
    const { name, tell } = withInbox(sessions);
    let renew;
    const later = new Promise((resolve) => { renew = resolve; });
    const tokens = [login(name, 2_000), later];
    const client = connect(sessions, { ...only('websocket'), token: () => tokens.shift() });
    const [heard, states] = [tape(client.inbox), tape(client, 'state')];
    await client.inbox.joined;
    await tell('one');
    await heard.count(1);
    for (const until = Date.now() + 10_000; client.user && Date.now() < until;) await client.action('status');
    assert.equal(client.user, null);
    await tell('two');
    renew(login(name, 60_000));
    await heard.count(2);
    await tell('three');
    await heard.count(3);
    assert.deepEqual(heard.texts(), ['one', 'two', 'three']);
    assert.deepEqual(heard.map(({ recovered }) => recovered), [false, true, false]);
    assert.deepEqual([...states], ['open']);
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

test('signals beyond their rate are dropped, and messages are not', async () => {
  const name = aRoom();
  const [room, other] = [0, 1].map(() => connect(port, only('sse')).join(name));
  assert.equal(await room.signal(1), false, 'not connected yet');
  await Promise.all([room, other].map(({ joined }) => joined));
  const heard = tape(other);
  const sent = await Promise.all(Array.from({ length: 300 }, (_, i) => room.signal(i)));
  assert.ok(sent.includes(false) && sent.includes(true));
  await room.say('hello');
  await heard.count(1);
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
    for (const url of ['localhost:8080', 'tcp://localhost:5000', 'ftp://localhost', 'nowhere', 'ws://localhost/?token=1']) {
      assert.throws(() => new Earshot(url), TypeError);
    }
  });

  test('an unavailable transport throws', () => {
    assert.throws(() => new Earshot('ws://localhost', { ...only('websocket'), WebSocket: undefined }), /no WebSocket/);
  });

  test('a missing WebSocket is not passed over in silence', async () => {
    const { warn } = console;
    const warned = [];
    console.warn = (text) => warned.push(text);
    try {
      connect(port, { WebSocket: null });
      assert.equal(warned.length, 0);
      connect(port, { WebSocket: undefined });
      assert.match(warned[0], /WebSocket is undefined/);
      assert.throws(() => new Earshot('ws://localhost', { transports: ['carrier pigeon'] }), TypeError);
      assert.equal(connect(port, { timeout: undefined })._options.timeout, 10_000);
    } finally {
      console.warn = warn;
    }
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
describe('over HTTP', () => {
  for (const kind of ['sse', 'poll']) {
    test(`all rooms share one connection over ${kind}`, async () => {
      const wire = await proxy(port);
      const names = [];
      for (let i = 0; i < 12; i++) names.push(await aRoomWithHistory());
      const client = connect(wire.port, only(kind));
      const rooms = names.slice(0, 6).map((name) => client.join(name));
      rooms.push(client.listen(names[6]));
      await Promise.all(rooms.map((room) => room.joined));
      for (const name of names.slice(7)) await rooms[rooms.push(client.join(name)) - 1].joined;
      const heard = rooms.map((room) => tape(room));
      const guest = connect();
      for (const name of names) await guest.join(name).joined;
      await Promise.all(names.map((name) => guest.rooms.get(name).say(`to ${name}`)));
      await Promise.all(heard.map((each) => each.count(1)));
      assert.deepEqual(heard.map((each) => each[0].message), names.map((name) => `to ${name}`));
      assert.deepEqual(await Promise.all(rooms.slice(0, 3).map(async (room) => (await room.say('x')).offset > 0)), [true, true, true]);
      // Each room has its own cursor, and its own gap.
      const backs = rooms.map((room) => tape(room, 'recovered'));
      const gaps = tape(rooms[2], 'gap');
      const away = client.once('state');
      wire.cut(true);
      await away;
      rooms[2].cursor = 'unknown:1';
      await Promise.all(names.map((name) => guest.rooms.get(name).say(`missed ${name}`)));
      wire.up();
      await Promise.all(backs.map((back, i) => (i === 2 ? gaps : back).count(1)));
      await Promise.all(names.map((name) => guest.rooms.get(name).say(`again ${name}`)));
      await Promise.all(heard.map((each, i) => each.count(i === 2 ? 2 : 3)));
      assert.deepEqual(heard.map((each) => each.texts().slice(1)), names.map((name, i) => (i === 2 ? [] : [`missed ${name}`]).concat(`again ${name}`)));
      assert.equal(backs[2].length, 0);
      assert.ok(wire.most() <= 4, `${wire.most()} connections`); // one, one of POSTs, and those of members and the reconnect
      wire.close();
    });

    test(`a message of one's own is known by its sender, whatever became of it, over ${kind}`, async () => {
      const name = await aRoomWithHistory();
      const [room, other] = [connect(port, only(kind)).join(name), connect().join(name)];
      await Promise.all([room.joined, other.joined]);
      const heard = tape(room);
      // As a hook would, something on the way changes the text; and the answer is slower than the message.
      const { fetch } = room._client._options;
      room._client._options.fetch = async (url, more) => {
        if (!url.includes('/messages')) return fetch(url, more);
        const answer = await fetch(url, { ...more, body: more.body.replace('mine', 'changed') });
        await other.say('after it');
        return answer;
      };
      await room.say('mine 1');
      await room.say('mine 2');
      await other.say('end');
      await heard.until(() => heard.some(({ message }) => message === 'end'));
      assert.deepEqual(heard.texts(), ['after it', 'after it', 'end']);
    });
  }

  // The limits of `port` are 30 rooms of a client and 30 rooms of a poll, those of `sessions` are 1,000 and 256.
  for (const [kind, to, count, most] of [['sse', port, 40, 30], ['sse', sessions, 300, 300], ['poll', port, 130, 120], ['poll', sessions, 300, 300]]) {
    test(`a client of ${count} rooms is in ${most} of them over ${kind}`, { skip: !to && 'needs sessions' }, async () => {
      const names = Array.from({ length: count }, aRoom);
      const client = connect(to, only(kind));
      const rooms = names.map((name) => client.join(name));
      const ends = await Promise.allSettled(rooms.map((room) => room.joined));
      assert.equal(client.transport, kind);
      const joined = rooms.filter((_, i) => ends[i].status === 'fulfilled');
      assert.equal(joined.length, most);
      for (const { reason } of ends.filter(({ status }) => status === 'rejected')) assert.match(reason.message, /rooms/);
      const heard = joined.map((room) => tape(room));
      const guest = connect(to, only('poll'));
      for (const at of [0, most >> 1, most - 1]) {
        const name = joined[at].name;
        await (await guest.join(name).joined).say(`to ${name}`);
        await heard[at].count(1);
        assert.deepEqual(heard[at].texts(), [`to ${name}`]);
      }
      // A room that is left makes room for another.
      await Promise.all(joined.slice(0, 2).map((room) => room.leave()));
      await client.join(aRoom()).joined;
      assert.equal(client.state, 'open');
    });
  }

  for (const kind of ['sse', 'poll']) {
    test(`a client that sends too many requests waits, and keeps its rooms and its link, over ${kind}`, { skip: !busy && 'needs busy' }, async () => {
      const client = connect(busy, only(kind));
      const states = tape(client, 'state');
      const rooms = Array.from({ length: 8 }, () => client.join(aRoom()));
      const heard = rooms.map((room) => tape(room));
      await Promise.all(rooms.map((room) => room.joined));
      const statuses = new Set();
      const guest = connect(busy, { ...only(kind), fetch: async (...all) => {
        const answer = await fetch(...all);
        statuses.add(answer.status);
        return answer;
      } });
      for (const room of rooms) {
        await guest.join(room.name).joined;
        await guest.rooms.get(room.name).say('hello');
        await Promise.all(Array.from({ length: 12 }, () => guest.rooms.get(room.name).members()));
      }
      // A slow machine sends them one after the other, within the rate.
      for (let more = 24; !statuses.has(429) && more < 2_000; more *= 2) {
        await Promise.all(Array.from({ length: more }, () => guest.rooms.get(rooms[0].name).members()));
      }
      await Promise.all(heard.map((each) => each.count(1)));
      assert.ok(statuses.has(429), [...statuses].join());
      assert.deepEqual(heard.map((each) => each.texts()), rooms.map(() => ['hello']));
      assert.deepEqual([...states], ['open']);
    });
  }

  test('a poll that is refused goes on after the pause that the answer names', async () => {
    const all = [
      () => Response.json({ detail: 'too many; try again in 5 ms' }, { status: 429 }),
      () => new Response('busy', { status: 429, headers: { 'retry-after': '0' } }),
      () => new Response('busy', { status: 503, headers: { 'retry-after': '0' } }),
      () => Response.json({ detail: 'too many requests wait already; try again later' }, { status: 503 }),
    ];
    const refusals = [...all];
    const stub = async (url, { body, signal }) => {
      const { rooms, wait } = JSON.parse(body);
      if (refusals.length) return refusals.shift()();
      if (wait) return new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason)); });
      return Response.json({ rooms: rooms.map(({ room }) => ({ room, messages: [], epoch: 'e', offset: 1 })) });
    };
    const client = connect(port, { ...only('poll'), fetch: stub });
    const errors = tape(client, 'error');
    await client.join('attic').joined;
    assert.equal(refusals.length, 0);
    refusals.push(...all);
    await client.join('cellar').joined;
    assert.equal(refusals.length, 0);
    assert.deepEqual([...errors], []);
    assert.equal(client.state, 'open');
  });

  test('after a gap between two polls the members are loaded again', async () => {
    const members = [['me', 'ada'], ['me', 'bob'], ['me', 'cleo']];
    const answers = [{ messages: [], epoch: 'e', offset: 1 }, { messages: [], epoch: 'e', offset: 9, recovered: false }];
    let [later, handled] = [];
    const third = new Promise((resolve) => { later = resolve; });
    const gap = new Promise((resolve) => { handled = resolve; });
    const stub = async (_, { body }) => {
      if (!body) {
        await gap; // the first gap comes while the members are loaded
        return Response.json({ members: members.shift(), offset: 9 });
      }
      const { rooms } = JSON.parse(body);
      if (rooms.length && !answers.length) handled();
      return Response.json({ rooms: rooms.length ? [await (answers.shift() ?? third)] : [] });
    };
    const room = connect(port, { ...only('poll'), fetch: stub }).join('attic', { presence: true });
    const lists = tape(room, 'presence');
    await lists.count(2);
    answers.push(new Promise(() => {}));
    later({ messages: [], epoch: 'e', offset: 12, recovered: false });
    await lists.count(3);
    assert.deepEqual(lists.map((list) => list.map(({ id }) => id)), [['me', 'ada'], ['me', 'bob'], ['me', 'cleo']]);
  });

  test('a stream whose requests reach another server begins anew, with all its rooms', async () => {
    const [one, two] = [await aRoomWithHistory(), await aRoomWithHistory()];
    const client = connect(port, { ...only('sse'), fetch: (url, more) => (
      url.endsWith('/rooms') && more.body && !more.headers.accept
        ? fetch(url, { ...more, body: more.body.replace(/"stream":"/, '"stream":"another ') }) : fetch(url, more)) });
    const first = client.join(one);
    await first.joined;
    const second = client.join(two);
    await second.joined;
    const guest = connect();
    const heard = [tape(first), tape(second)];
    for (const name of [one, two]) await (await guest.join(name).joined).say('hello');
    await Promise.all(heard.map((each) => each.count(1)));
  });
});

describe('events of the page', () => {
  for (const kind of HAS_SOCKETS ? ['websocket', 'sse', 'poll'] : ['sse', 'poll']) {
    test(`the connection is checked at once when the network or the page is back, over ${kind}`, async () => {
      const listeners = {};
      const page = { addEventListener: (type, listener) => { listeners[type] = listener; }, removeEventListener: (type) => { delete listeners[type]; } };
      const keys = ['addEventListener', 'removeEventListener', 'document'];
      const before = keys.map((key) => globalThis[key]);
      Object.assign(globalThis, page, { document: page });
      try {
        for (const type of ['online', 'offline', 'pageshow', 'visibilitychange'].slice(0, kind === 'websocket' ? 4 : 1)) {
          const wire = await proxy(port);
          const client = connect(wire.port, { ...only(kind), timeout: 400 });
          const room = client.join(await aRoomWithHistory());
          await room.joined;
          const states = tape(client, 'state');
          listeners[type]({ type });
          await room.members();
          assert.equal(client.state, 'open'); // a living connection stays
          wire.hang();
          listeners[type]({ type });
          await states.until(() => states.includes('reconnecting'));
          wire.up();
          await states.until(() => states.at(-1) === 'open');
          await client.close();
          assert.deepEqual(Object.keys(listeners), []);
          wire.close();
        }
      } finally {
        keys.forEach((key, i) => { if (before[i] === undefined) delete globalThis[key]; else globalThis[key] = before[i]; });
      }
    });
  }
});

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

  /** Joins a room, loses the connection and comes back; returns the requests. */
  async function cutAndBack(resume, options) {
    const seen = [];
    let opened = 0;
    let socket;
    const client = fake((request, tell, self) => {
      socket = self;
      if (request.event === 'open') return tell({ ...welcome, session: `session ${++opened}` });
      seen.push(request.session ?? request.event);
      tell(request.event === 'resume' ? resume(seen.length) : { room: 'attic', epoch: 'e', offset: 4 });
    }, options);
    await client.join('attic').joined;
    const states = tape(client, 'state');
    socket.close();
    await states.until(() => states.at(-1) === 'open');
    assert.equal(opened, 2);
    return seen;
  }
  const away = { status: undefined, error: 'Error: another server of the cluster does not answer; try again in 5 ms' };

  test('a resume that the server cannot answer yet is repeated on the same connection', async () => {
    const seen = await cutAndBack((tries) => (tries < 3 ? away
      : { session: 'session 1b', room: 'attic', rooms: [{ room: 'attic', epoch: 'e', offset: 4, recovered: true }] }));
    assert.deepEqual(seen, ['session 1', 'session 1', 'session 1']);
  });

  test('a resume that the server does not answer in time is given up, and the client joins its rooms again', async () => {
    const seen = await cutAndBack(() => away, { timeout: 30 });
    assert.equal(seen[0], 'session 1');
    assert.equal(seen.at(-1), 'roomChange');
  });

  test('after a resume the client leaves the rooms that the program has left, and stays in those that the server chose', async () => {
    const sockets = [];
    const left = [];
    const heard = ['attic', 'cellar', 'loft', 'shed', 'team'].map((room) => ({ room, epoch: 'e', offset: 4, recovered: true }));
    const client = fake((request, tell, self) => {
      if (request.event === 'open') tell({ ...welcome, session: `session ${sockets.push(self)}` });
      else if (request.event === 'resume') tell({ session: request.session, room: 'attic', rooms: heard });
      else if (request.event === 'roomLeave') {
        left.push([sockets.length, request.room]);
        // The answers are lost until the third connection.
        if (sockets.length > 2 || request.room === 'team') tell();
      } else tell({ room: request.room, epoch: 'e', offset: 4 });
    });
    const [, cellar, loft, shed, team] = await Promise.all(heard.map(({ room }) => client.join(room).joined));
    await team.leave(); // and a moderator moves the client back into the room
    const states = tape(client, 'state');
    const reconnect = async () => {
      const before = states.length;
      sockets.at(-1).close();
      await states.until(() => states.length > before && states.at(-1) === 'open');
    };
    cellar.leave(); // has no answer
    client.once('state').then(() => loft.leave()); // without a connection
    await reconnect();
    await reconnect();
    shed.leave();
    await shed._client._opened();
    await reconnect();
    assert.deepEqual(left, [
      [1, 'team'], [1, 'cellar'], [2, 'cellar'], [2, 'loft'], [3, 'cellar'], [3, 'loft'], [3, 'shed'],
    ]);
  });

  test('a room that is only listened to goes on when the server joins the client to it or takes it out, until the room is closed', async () => {
    let socket;
    const client = fake((request, tell, self) => {
      socket = self;
      if (request.event === 'open') tell({ ...welcome, room: 'defaultRoom' });
      else tell({ room: request.room, epoch: 'e', offset: 1 });
    });
    const [room, member] = [client.listen('attic'), client.join('cellar')];
    const [heard, errors] = [tape(room), tape(client, 'error')];
    await Promise.all([room.joined, member.joined]);
    const notice = (about, more) => socket.tell({ context: 'room', room: about, ...more });
    ['attic', 'cellar'].forEach((about) => notice(about, { status: 'joined', epoch: 'e', offset: 1 }));
    notice('attic', { status: 'left' });
    socket.tell({ context: 'user', room: 'attic', from: 'bob', message: 'hi', sentAt: 1, epoch: 'e', offset: 2 });
    await heard.count(1);
    assert.deepEqual([[...errors], [...client.rooms.keys()]], [[], ['attic', 'cellar']]);
    notice('cellar', { status: 'left' });
    notice('attic', { status: 'closed', reason: 'rebuilding' });
    await errors.count(2);
    assert.deepEqual(errors.map(({ message }) => message), ['this room is closed', 'rebuilding']);
    assert.equal(client.rooms.size, 0);
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

  test('a login that has ended is replaced before the rooms that need it are entered again', async () => {
    const logins = ['Ada 1', 'Ada 2', 'Ada 3', 'Ada 4'].map((name) => login(name, 60_000));
    const tokens = [logins[0], null, ...logins.slice(1)];
    const shown = [];
    const asked = [];
    let [socket, back] = [];
    const entered = new Promise((resolve) => { back = resolve; });
    const client = fake((request, tell, self) => {
      socket = self;
      if (request.event === 'open') {
        shown.push(self.url.searchParams.get('token'));
        return tell({ ...welcome, room: 'attic', epoch: 'e', offset: 1, user: { id: 'ada' } });
      }
      if (asked.push(request.event) > 1) back();
      tell(request.event === 'login' ? { user: { id: 'ada', name: request.token } } : { room: 'attic', epoch: 'e', offset: 1 });
    }, { backoff: [1, 1], token: async () => tokens.shift() ?? Promise.reject(new Error('not now')) });
    const [room, errors] = [client.join('attic'), tape(client, 'error')];
    await room.joined;
    assert.deepEqual(shown, logins.slice(0, 1));
    assert.deepEqual(client.user, { id: 'ada' });
    socket.tell({ context: 'token', status: 'expired' });
    socket.tell({ context: 'token', status: 'expired', room: 'attic' });
    await errors.count(1);
    assert.equal(client.user, null);
    await entered;
    assert.deepEqual(asked, ['login', 'roomChange']);
    assert.match(errors[0].message, /no token: not now/);
    assert.equal(client.user.name, logins[1]);
    // A server for users only ends the connection, and the client comes back with a newer login.
    socket.tell({ context: 'token', status: 'expired' });
    const states = tape(client, 'state');
    socket.close(1008);
    await states.until(() => states.at(-1) === 'open');
    assert.deepEqual(shown.slice(1), logins.slice(3));
  });

  test('the client retries when there is no token', async () => {
    let tries = 0;
    const token = async (room) => {
      if (++tries < 3) throw new Error('no token service');
      return `token for ${room}`;
    };
    const client = fake((request, tell) => tell(request.event === 'open' ? welcome : { room: 'attic', epoch: 'e', offset: 1 }), { token });
    const errors = tape(client, 'error');
    await client.join('attic').joined;
    assert.match(errors[0].message, /no token for attic: no token service/);
  });

  test('over HTTP an expired token is replaced', async () => {
    const seen = [];
    const stub = async (url, { body, headers }) => {
      if (url.includes('/messages')) {
        seen.push(headers.authorization);
        if (headers.authorization === 'Bearer 2') return Response.json({ detail: 'expired' }, { status: 401 });
        return Response.json({ room: 'attic', from: 'me', epoch: 'e', offset: 2 }, { status: 201 });
      }
      const { rooms, wait } = JSON.parse(body);
      if (wait) return new Promise(() => {});
      return Response.json({ rooms: rooms.map(({ room, token }) => {
        seen.push(token);
        return token === '1' ? { room, error: 'expired' } : { room, messages: [], epoch: 'e', offset: 1 };
      }) });
    };
    let tokens = 0;
    const room = connect(port, { ...only('poll'), fetch: stub, token: (room) => room && String(++tokens) }).join('attic');
    await room.joined;
    await room.say('hello');
    assert.deepEqual(seen, ['1', '2', 'Bearer 2', 'Bearer 3']);
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

  test('a frame that is no object is an error of the client, and the next one counts', async () => {
    let socket;
    const client = fake((request, tell, self) => {
      socket = self;
      tell(request.event === 'open' ? welcome : undefined);
    });
    const [room, errors] = [client.join('attic'), tape(client, 'error')];
    await room.joined;
    const heard = tape(room);
    for (const data of ['null', '5', '"x"', '[]', '{', '', '{"context":"gap","room":"attic"}', new Uint8Array(2)]) socket.onmessage({ data });
    socket.tell({ context: 'user', room: 'attic', from: 'bob', message: 'hi', sentAt: 1, epoch: 'e', offset: 2 });
    await heard.count(1);
    assert.equal(client.state, 'open');
    assert.equal(errors.length, 7);
    assert.match(errors[0].message, /does not understand/);
  });

  /** A server whose room has an order: each connection gets what the script of its turn says. */
  const withRoom = (scripts) => {
    const asked = [];
    const client = fake((request, tell, socket) => {
      const said = (offset, epoch = 'e') => ({ context: 'user', room: 'attic', from: 'ada', message: offset, sentAt: 1, epoch, offset });
      if (request.event !== 'open') return tell();
      const params = socket.url.searchParams;
      asked.push({ after: params.get('after'), history: params.get('history') });
      const [answer, offsets, end] = scripts.shift();
      tell({ ...welcome, room: 'attic', ...answer });
      for (const each of offsets) tell(said(each, answer.epoch));
      if (end) socket.close();
    });
    return { asked, room: client.join('attic', { history: 3 }) };
  };

  test('a history that a cut interrupts goes on after its last message', async () => {
    const { asked, room } = withRoom([
      [{ epoch: 'e', offset: 9, history: 3 }, [4], true],
      [{ epoch: 'e', offset: 10, recovered: true }, [7, 9, 10]],
    ]);
    const heard = tape(room);
    await heard.count(4);
    assert.deepEqual(heard.texts(), [4, 7, 9, 10]);
    assert.deepEqual(asked, [{ after: null, history: '3' }, { after: 'e:4', history: '3' }]);
  });

  test('a history of which nothing arrived is asked for again, and ends at the place in the answer', async () => {
    const { asked, room } = withRoom([
      [{ epoch: 'e', offset: 9, history: 3 }, [], true],
      [{ epoch: 'e', offset: 12, history: 2 }, [7, 9, 11, 13]],
    ]);
    const heard = tape(room);
    await heard.count(3);
    assert.deepEqual(heard.texts(), [7, 9, 13]); // 11 is before the place in the answer, and no part of the history
    assert.equal(room.cursor, 'e:13');
    assert.deepEqual(asked.map(({ after }) => after), [null, null]);
  });

  test('after a gap the newest messages come again as history', async () => {
    const { asked, room } = withRoom([
      [{ epoch: 'e', offset: 9, history: 0 }, [10], true],
      [{ epoch: 'f', offset: 40, recovered: false, history: 2 }, [38, 40, 41]],
    ]);
    const [heard, gaps] = [tape(room), tape(room, 'gap')];
    await heard.count(4);
    assert.deepEqual(heard.map(({ message, history }) => [message, history]), [[10, false], [38, true], [40, true], [41, false]]);
    assert.deepEqual([...gaps], [{ room: 'attic', from: 'e:10', to: 'f:40', missed: undefined, reason: 'forgotten' }]);
    assert.deepEqual(asked.map(({ after }) => after), [null, 'e:10']);
  });

  test('a room other than the one that was asked for is refused', async () => {
    const client = fake((request, tell) => {
      if (request.event === 'open') tell({ ...welcome, room: 'cellar' });
      else tell({ room: 'cellar', epoch: 'e', offset: 1 });
    });
    await assert.rejects(client.join('attic').joined, /another room: cellar/);
  });

  test('a client goes by the close codes of the documentation', async () => {
    const table = { 1000: false, 1001: true, 1002: false, 1006: true, 1007: false, 1008: false, 1009: true, 1011: true, 4000: false, 4008: true };
    for (const [code, again] of Object.entries(table)) {
      let sockets = 0;
      const client = fake((request, tell, socket) => {
        if (request.event === 'open') tell(welcome, sockets++);
        else if (request.event === 'say' && sockets === 1) socket.close(+code);
        else tell({ epoch: 'e', offset: 2 });
      });
      const room = client.join('attic');
      await room.joined;
      if (again) await room.say('!');
      else await assert.rejects(room.say('!'), /closed/, code);
      assert.equal(client.state, again ? 'open' : 'closed', code);
      assert.equal(sockets, again ? 2 : 1, code);
    }
  });

  test('a message that is longer than the server takes is refused before it is sent', async () => {
    const said = [];
    const client = fake((request, tell) => {
      if (request.event === 'open') tell({ ...welcome, limits: { messageBytes: 300 } });
      else tell({ epoch: 'e', offset: request.event === 'say' ? said.push(request.message) : 1 });
    });
    const room = client.join('attic');
    await room.joined;
    assert.deepEqual(client.limits, { messageBytes: 300 });
    await assert.rejects(room.say('ü'.repeat(150)), /at most 300 bytes/);
    await assert.rejects(client.action('x', { y: 'z'.repeat(300) }), /at most 300 bytes/);
    await room.say('u'.repeat(100));
    assert.deepEqual(said, ['u'.repeat(100)]);
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

  test('after messages that the server leaves out, the members are loaded again', async () => {
    let socket;
    const views = [];
    const client = fake((request, tell, self) => {
      socket = self;
      if (request.event === 'roomView') views.push((offset, ...members) => tell(offset ? { roomStatus: { members, offset } } : { error: 'Error: no' }));
      else tell(request.event === 'open' ? welcome : undefined);
      if (views.length === 1) views[0](1, 'me', 'ada');
    });
    const room = client.join('attic', { presence: true });
    const lists = tape(room, 'presence');
    await room.joined;
    assert.deepEqual(present(room), ['me', 'ada']);
    const gap = (from, to) => socket.tell({ context: 'gap', room: 'attic', epoch: 'e', from, to, missing: 1 });
    const move = (type, from, offset) => socket.tell({ context: 'user', type, room: 'attic', from, sentAt: 1, epoch: 'e', offset });
    gap(2, 9); // with bob's join and ada's leave
    move('join', 'cleo', 10);
    gap(11, 20); // with dan's join
    move('join', 'eve', 21);
    const gaps = tape(room, 'gap');
    await gaps.count(2);
    views[1](10, 'me', 'bob', 'cleo');
    move('leave', 'bob', 22);
    views[2](20, 'me', 'bob', 'cleo', 'dan');
    await lists.count(2);
    move('join', 'fay', 23);
    await lists.count(3);
    const errors = tape(client, 'error');
    gap(24, 30);
    move('leave', 'dan', 31);
    await gaps.count(3);
    views[3]();
    await errors.count(1);
    move('leave', 'eve', 32);
    await lists.count(5);
    assert.deepEqual(lists.map((list) => list.map(({ id }) => id)), [
      ['me', 'ada'], ['me', 'cleo', 'dan', 'eve'], ['me', 'cleo', 'dan', 'eve', 'fay'], ['me', 'cleo', 'eve', 'fay'], ['me', 'cleo', 'fay'],
    ]);
  });
});
