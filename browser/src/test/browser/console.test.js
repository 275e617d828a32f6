'use strict';
// The console as operators use it: what they see, find, change, and what they may not.
const assert = require('node:assert');
const path = require('node:path');
const { test, before, after, afterEach } = require('node:test');
const { launch, nc, patience } = require('./tools.js');

const given = Object.fromEntries(process.argv.slice(2).map((pair) => pair.split('=')));
const site = `http://127.0.0.1:${given.http}`;
const LOOKS = { locale: 'en-GB', viewport: { width: 1200, height: 900 } };
let browser;
let ends = [];

before(async () => { browser = await launch(given.browser); });
after(() => browser.close());
afterEach(async () => {
  const results = await Promise.allSettled(ends.splice(0).reverse().map((end) => end()));
  for (const { reason } of results) if (reason) throw reason;
});

/** Somebody's console. `refused` are texts of complaints that the test expects. */
async function open({ key = given.key, hash = '', refused = /^$/, ...own } = {}) {
  const context = await browser.newContext({ ...LOOKS, ...own });
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !refused.test(message.text())) complaints.push(message.text());
  });
  await page.addInitScript({ path: require.resolve('axe-core/axe.min.js') });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`against the policy: ${violatedDirective} ${blockedURI}`));
  });
  ends.push(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  await page.goto(`${site}/console${hash}`);
  if (key) {
    await page.getByLabel('Key').fill(key);
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('live', { exact: true }).waitFor(patience);
  }
  return page;
}

/** Someone who chats in a room by nc; answers with the talker and its id. */
async function talker(room) {
  const it = nc(given.tcp);
  ends.push(it.end);
  await it.hear('"context":"api"');
  it.say('detailsView');
  await it.hear('"id":"');
  it.say(`roomChange ${room}`);
  await it.hear('"status":"OK","room"');
  return { ...it, id: /"id":"([0-9a-f]{32})"/.exec(it.heard())[1] };
}

async function shoot(page, name) {
  await page.screenshot({ path: path.join(given.shots, `console-${name}.png`) });
}

/** What a tool finds that checks whether all people can use a page. */
async function barriers(page) {
  const { violations } = await page.evaluate(() => axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

test('an operator logs in, sees charts and problems, and is at the room in question in one click', async () => {
  const ada = await talker('attic');
  const page = await open();
  assert.match(await page.locator('#who').textContent(), /^ops, may change things$/);
  for (let i = 0; i < 30; i++) ada.say(`say ${i}`);
  const problem = page.getByRole('listitem').filter({ hasText: 'room attic refuses messages, its rate limit is reached' });
  await problem.waitFor(patience);
  const chart = page.getByRole('img', { name: /^Messages a second in the last 15 minutes\. in: now / });
  await chart.waitFor(patience);
  assert.equal(await page.locator('figure svg[role=img][aria-label]').count(), 8);
  await page.getByRole('table').first().getByText('0', { exact: true }).first().waitFor(patience);
  assert.deepEqual(await barriers(page), []);

  await problem.getByRole('link', { name: 'Open the room' }).click();
  await page.getByRole('heading', { name: 'Room attic' }).waitFor(patience);
  assert.ok(await page.evaluate(() => document.activeElement.id === 'room-h'), 'the heading has the focus');
});

test('a room is searched and found, and shows its members and its messages as they are said', async () => {
  const ada = await talker('cellar');
  await talker('kitchen');
  const page = await open();
  await page.getByRole('link', { name: 'Rooms', exact: true }).click();
  await page.getByRole('link', { name: 'kitchen' }).waitFor(patience);
  await page.getByLabel('Name contains').fill('CELL');
  await page.getByRole('status').getByText('1 rooms', { exact: true }).waitFor(patience);
  assert.equal(await page.getByRole('link', { name: 'kitchen' }).count(), 0);
  assert.deepEqual(await barriers(page), []);
  await shoot(page, 'rooms');
  await page.getByRole('link', { name: 'cellar' }).click();
  await page.getByRole('heading', { name: 'Members (1 on all servers)' }).waitFor(patience);
  await page.getByRole('status').getByText('live', { exact: true }).waitFor(patience);
  await page.locator('#room-tiles').getByText('Last offset').waitFor(patience);
  ada.say('say <b>is anybody here?</b>');
  const live = page.getByRole('region', { name: 'Messages, live' });
  await live.getByText('<b>is anybody here?</b>').waitFor(patience);

  await page.getByLabel('Say as the server').fill('We close in ten minutes');
  await page.getByRole('button', { name: 'Say…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
  await ada.hear('We close in ten minutes');
  await live.getByText('We close in ten minutes').waitFor(patience);
  assert.deepEqual(await barriers(page), []);
  await shoot(page, 'room');

  await page.getByLabel('User or connection').fill(ada.id);
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByRole('status').getByText('We close in ten minutes').or(page.getByRole('status').getByText(/message \d+ of cellar/)).first().waitFor(patience);

  await page.getByRole('button', { name: 'Close this room…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Close this room…' }).click();
  await page.getByLabel('Reason').fill('good night');
  await page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
  await ada.hear('"status":"closed","reason":"good night"');
  await page.getByRole('link', { name: 'Bans and mutes' }).click();
  await page.getByRole('cell', { name: 'good night' }).waitFor(patience);
  await page.getByRole('button', { name: 'Lift…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
  await page.locator('#measure-list').getByText('none', { exact: true }).waitFor(patience);
});

test('a connection is found by its id, muted, and kicked, and then it is known why it ended', async () => {
  const eve = await talker('attic2');
  const page = await open({ refused: /status of 404/ });
  await page.getByLabel('Connection or user').fill(eve.id);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: `Connection ${eve.id}` }).waitFor(patience);
  await page.getByRole('cell', { name: 'attic2' }).waitFor(patience);
  assert.deepEqual(await barriers(page), []);
  await page.getByRole('button', { name: 'Mute…' }).click();
  await page.getByLabel('Reason').fill('too loud');
  await page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('alert').getByText('muted').waitFor(patience);
  eve.say('say hello?');
  await eve.hear('too loud');
  await page.getByRole('button', { name: 'Kick…' }).click();
  await page.getByLabel('Reason').fill('see you');
  await page.keyboard.press('Enter'); // as the first button cancels, this must not disconnect
  await page.getByRole('button', { name: 'Kick…' }).click();
  await page.getByLabel('Reason').fill('see you');
  await page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
  await eve.hear('see you');
  await page.getByRole('status').getByText('it has ended').waitFor(patience);
  await page.getByText('see you').waitFor(patience);
});

test('the page of a connection says that it has ended, though nobody here has ended it', async () => {
  const eve = await talker('attic4');
  const page = await open({ hash: `#client/${eve.id}`, refused: /status of 404/ });
  await page.getByRole('cell', { name: 'attic4' }).waitFor(patience);
  eve.say('quit');
  await page.getByRole('status').getByText('it has ended').waitFor(patience);
});

test('a key that may only read finds no button that changes something, and the server refuses it', async () => {
  const eve = await talker('attic3');
  const page = await open({ key: given.readKey, hash: `#client/${eve.id}`, refused: /status of 403/ });
  assert.match(await page.locator('#who').textContent(), /^eye, read-only$/);
  await page.getByRole('cell', { name: 'attic3' }).waitFor(patience);
  for (const name of ['Kick…', 'Ban…', 'Mute…']) assert.equal(await page.getByRole('button', { name }).count(), 0);
  const answer = await page.evaluate(async ([id, key]) => {
    const response = await fetch(`admin/connections/${id}`, { method: 'DELETE', headers: { Authorization: `Bearer ${key}` } });
    return [response.status, (await response.json()).detail];
  }, [eve.id, given.readKey]);
  assert.deepEqual(answer, [403, 'eye may read here, and change nothing (admin.readKeys, admin.readUsers)']);
  eve.say('say still here');
  await eve.hear('"messageCount":3');
});

test('a wrong key is refused in words, and the key is not kept after a log out', async () => {
  const page = await open({ key: '', refused: /status of 401/ });
  assert.deepEqual(await barriers(page), []);
  await page.getByLabel('Key').fill('w'.repeat(40));
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').getByText('this is no key (admin.keys)').waitFor(patience);
  await page.getByLabel('Key').fill(given.key);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('status').getByText('live', { exact: true }).waitFor(patience);
  const guessed = page.getByRole('listitem').filter({ hasText: 'wrong keys of the admin API are shown from 127.0.0.1' });
  await guessed.getByRole('link', { name: 'Log' }).click();
  await page.waitForURL('**/console#log');
  assert.ok(await page.getByRole('heading', { name: 'Log', exact: true }).isVisible(), 'the log is a part of the overview');
  await page.reload();
  await page.getByRole('status').getByText('live', { exact: true }).waitFor(patience);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Key').waitFor(patience);
  assert.deepEqual(await page.evaluate(() => [sessionStorage.length, localStorage.length]), [0, 0]);
});

test('charts are drawn; the console is dark on dark systems and fits a phone', async () => {
  const ada = await talker('attic');
  for (let i = 0; i < 30; i++) ada.say(`say ${i}`);
  const drawn = (page) => page.waitForFunction(
    () => document.querySelector('path.line0').getAttribute('d')?.split('L').length > 2, null, patience);
  const page = await open();
  await drawn(page);
  await shoot(page, 'overview');
  const dark = await open({ colorScheme: 'dark' });
  await drawn(dark);
  assert.deepEqual(await barriers(dark), []);
  await shoot(dark, 'dark');
  const phone = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await phone.getByRole('listitem').filter({ hasText: 'attic' }).first().waitFor(patience);
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out');
  assert.deepEqual(await barriers(phone), []);
  await shoot(phone, 'phone');
});
