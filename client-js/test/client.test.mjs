// Against real servers; JavaScriptClientTest starts them. By hand, beside ./earshot:
// node --experimental-websocket test/client.test.mjs port=8080
import assert from 'node:assert/strict';
import test, { afterEach, describe } from 'node:test';
import { Earshot, EarshotError } from '../src/earshot.js';
import { aRoom, closeAll, connect, control, fakeSocket, port, proxy, sessions, tape } from './harness.mjs';

const HAS_SOCKETS = typeof WebSocket === 'function';
const only = (...transports) => ({ transports });
afterEach(closeAll);

/** Somebody who hears it all by a way that is never cut. */
async function witness(name, to = port) {
  const room = connect(to, only(HAS_SOCKETS ? 'websocket' : 'sse')).join(name);
  await room.joined;
  return tape(room);
}

// What has to hold by whatever way one comes.
for (const kind of HAS_SOCKETS ? ['websocket', 'sse', 'poll'] : ['sse', 'poll']) {
  describe(`by ${kind}`, () => {
    test('a room is joined, spoken in and heard', async () => {
      const name = aRoom();
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
      await heard.length_(1);
      assert.deepEqual(heard[0].message, { x: 1.5, y: [true, null] });
      assert.equal(heard[0].offset, said.offset);
      assert.equal(heard[0].recovered, false);
      // One's own words do not come back, and what comes after them does.
      await attic.say('thanks');
      await own.length_(1);
      assert.deepEqual(own.texts(), ['thanks']);
      await alice.close();
      assert.deepEqual([...states], ['open', 'closed']);
      await assert.rejects(attic.say('too late'), EarshotError);
    });

    test('says keep their order, and those who say the same at once hear each other', async () => {
      const name = aRoom();
      const [a, b] = [0, 1].map(() => connect(port, only(kind)).join(name));
      await Promise.all([a.joined, b.joined]);
      const [heardByA, heardByB] = [tape(a), tape(b)];
      const all = Array.from({ length: 20 }, (_, i) => i % 3);
      await Promise.all(all.flatMap((text) => [a.say(text), b.say(text)]));
      await Promise.all([heardByA.length_(20), heardByB.length_(20)]);
      await Promise.all([a.say('end'), b.say('end')]);
      await Promise.all([heardByA.length_(21), heardByB.length_(21)]);
      assert.deepEqual(heardByA.texts(), [...all, 'end']);
      assert.deepEqual(heardByB.texts(), [...all, 'end']);
    });

    test('after a cut nothing is lost and nothing is double, whoever said it', async () => {
      const name = aRoom();
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
      await heard.length_(1);
      const back = tape(room, 'recovered');
      wire.cut(true);
      const said = [room.say('mine while away 1'), room.say('mine while away 2')];
      await other.say('while away 1');
      await other.say('while away 2');
      wire.up();
      await Promise.all(said);
      await back.length_(1);
      await other.say('after');
      await heard.until(() => heard.some(({ message }) => message === 'after'));
      assert.deepEqual(heard.texts(), ['before', 'while away 1', 'while away 2', 'after']);
      assert.deepEqual(heard.map(({ recovered }) => recovered), [false, true, true, false]);
      assert.equal(room.recovered, 2);
      assert.equal(back[0].count, 2);
      await there.length_(7);
      assert.deepEqual(there.texts().filter((text) => text.startsWith('mine')), ['mine before', 'mine while away 1', 'mine while away 2']);
      wire.close();
    });

    test('cuts at any moment: each say is told once, and heard once, in order', async () => {
      const name = aRoom();
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
        mine.push(`mine ${i % 7}`); // the same words come again
        answers.push(room.say(mine.at(-1)));
        theirs.push(`theirs ${i}`);
        await other.say(theirs.at(-1));
        if (i % 12 === 5) wire.deafen();
        if (i % 12 === 7) wire.cut();
      }
      const places = await Promise.all(answers);
      assert.deepEqual(places.map(({ offset }) => offset), places.map(({ offset }) => offset).sort((a, b) => a - b));
      await there.length_(120);
      await heard.length_(60);
      await other.say('end');
      await heard.length_(61);
      await there.length_(121);
      assert.deepEqual(heard.texts(), [...theirs, 'end']);
      assert.deepEqual(there.texts().filter((text) => text.startsWith('mine')), mine);
      assert.deepEqual(there.filter(({ message }) => message.startsWith('mine')).map(({ offset }) => offset), places.map(({ offset }) => offset));
      wire.close();
    });

    test('a restart is told as a gap, and what was to be said is said', { skip: !control && 'needs control' }, async () => {
      const name = aRoom();
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
      await gaps.length_(1);
      assert.equal(gaps[0].room, name);
      assert.equal(gaps[0].missed, undefined);
      assert.equal(client.state, 'open');
      const late = connect(port, only(kind)).join(name);
      const heard = tape(room);
      await late.joined;
      await late.say('hello');
      await heard.length_(1);
      assert.deepEqual(heard.texts(), ['hello']);
    });

    test('a cursor can be kept and used by another client', async () => {
      const name = aRoom();
      const first = connect(port, only(kind)).join(name);
      await first.joined;
      const other = connect().join(name);
      await other.joined;
      const heard = tape(first);
      await other.say('one');
      await heard.length_(1);
      const after = first.cursor;
      await first.client.close();
      await other.say('two');
      const second = connect(port, only(kind)).join(name, { after });
      const late = tape(second);
      await late.length_(1);
      assert.deepEqual(late.texts(), ['two']);
      // One that leads nowhere is a gap.
      const third = connect(port, only(kind)).join(name, { after: 'nowhere:3' });
      const gaps = tape(third, 'gap');
      await third.joined;
      await gaps.length_(1);
      assert.equal(gaps[0].from, 'nowhere:3');
    });

    test('actions are answered, and their refusals reject', async () => {
      const client = connect(port, only(kind));
      const { randomNumber, ...rest } = await client.action('randomNumber');
      assert.equal(typeof randomNumber, 'number');
      assert.deepEqual(rest, {});
      await assert.rejects(client.action('fly', { high: true }), { name: 'EarshotError', message: /fly is not a known action/ });
    });

    test('members are told, and who comes and goes', async () => {
      const name = aRoom();
      const there = connect(port).join(name);
      await there.joined;
      const room = connect(port, only(kind)).join(name, { presence: true });
      await room.joined;
      const [joins, leaves] = [tape(room, 'join'), tape(room, 'leave')];
      assert.ok((await room.members()).includes(there.client.id ?? (await there.members())[0]));
      const guest = connect(port).join(name);
      await guest.joined;
      await joins.length_(1);
      const { from } = joins.at(-1);
      assert.ok(room.present.has(from));
      await guest.leave();
      await leaves.until(() => leaves.some((left) => left.from === from));
      assert.ok(!room.present.has(from));
    });

    test('a room is listened to', async () => {
      const name = aRoom();
      const member = connect(port).join(name);
      await member.joined;
      await member.say('so that it remembers');
      const room = connect(port, only(kind)).listen(name);
      await room.joined;
      const heard = tape(room);
      await member.say('can you hear me?');
      await heard.length_(1);
      assert.deepEqual(heard.texts(), ['can you hear me?']);
      assert.equal((await member.members()).length, 1);
      await assert.rejects(room.say('I can'), EarshotError);
      await room.leave();
      await member.say('and now?');
      assert.equal(heard.length, 1);
    });

    test('two rooms at once, and others after them', async () => {
      const [one, two, three] = [aRoom(), aRoom(), aRoom()];
      const client = connect(port, only(kind));
      const [first, second] = [client.join(one), client.join(two)];
      const [in1, in2] = [tape(first), tape(second)];
      const guest = connect();
      const guests = [one, two, three].map((name) => guest.join(name));
      await Promise.all([first, second, ...guests].map((room) => room.joined));
      await guests[0].say('to the first');
      await guests[1].say('to the second');
      await Promise.all([in1.length_(1), in2.length_(1)]);
      // Who leaves the room that they came by is in the others only.
      await first.leave();
      const third = client.join(three);
      await third.joined;
      const in3 = tape(third);
      await Promise.all(guests.map((room) => room.say('again')));
      await Promise.all([in2.length_(2), in3.length_(1)]);
      assert.deepEqual(in1.texts(), ['to the first']);
      assert.deepEqual(in2.texts(), ['to the second', 'again']);
      assert.deepEqual(in3.texts(), ['again']);
      if (kind === 'websocket') assert.equal((await guests[0].members()).length, 1);
    });
  });
}
