'use strict';
// Two npm clients of the described system, one of callbacks and one of promises, meet in a room.
const assert = require('node:assert');
const { once } = require('node:events');
const { promisify } = require('node:util');
const Callbacks = require('actionhero-client-4');
const Promises = require('actionhero-client-6');

const port = Number(process.argv[2]);

async function main() {
  const old = new Callbacks();
  const call = (name, ...args) =>
    new Promise((resolve, reject) =>
      old[name](...args, (error, data) => (error && !data ? reject(error) : resolve({ error, data }))));
  await promisify(old.connect).call(old, { port });
  const young = new Promises();
  await young.connect({ port });
  assert.match(old.id, /^[0-9a-f]{32}$/);
  assert.match(young.id, /^[0-9a-f]{32}$/);
  assert.notEqual(old.id, young.id);

  assert.equal((await call('roomAdd', 'attic')).data.room, 'attic');
  const entered = once(old, 'say');
  assert.equal((await young.roomAdd('attic')).data.status, 'OK');
  assert.deepEqual((({ message, from }) => ({ message, from }))((await entered)[0]),
    { message: 'I have entered the room', from: young.id });
  assert.deepEqual((await young.roomView('attic')).data.roomStatus.members, [old.id, young.id]);

  // Their say names a room, which the plain words of this protocol take for the beginning of the text.
  const heardByYoung = once(young, 'say');
  assert.equal((await call('say', 'attic', 'hello')).error, null);
  assert.deepEqual((await heardByYoung)[0].message, 'attic hello');
  assert.equal((await heardByYoung)[0].from, old.id);
  const heardByOld = once(old, 'say');
  assert.equal((await young.say('attic', 'hello yourself')).error, null);
  assert.equal((await heardByOld)[0].message, 'attic hello yourself');

  assert.equal((await call('paramAdd', 'key', 'value')).error, null);
  assert.deepEqual((await call('paramsView')).data.params, { key: 'value' });
  await young.paramAdd('key', 'other');
  assert.deepEqual((await young.paramView('key')).data.params, { key: 'other' });
  assert.match(String((await young.action('fly')).error), /fly is not a known action/);
  assert.match(String((await young.actionWithParams('fly', { a: 1 })).error), /fly is not a known action/);

  const left = once(young, 'say');
  assert.equal((await call('roomLeave', 'attic')).data.room, 'defaultRoom');
  assert.equal((await left)[0].message, 'I have left the room');
  assert.equal((await young.detailsView()).data.room, 'attic');

  // Many at once: each answer finds its question.
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => young.paramView(`k${i}`)));
  assert.ok(answers.every(({ error }) => error === null));

  old.disconnect();
  await young.disconnect();
}

main().then(() => { console.log('both clients are content'); process.exit(0); },
  (error) => { console.error(error); process.exit(1); });
